namespace Seamsim.Isa.Engine;

/// <summary>A write that has been checked and translated, so that it can no longer fail. It may cross one page end.</summary>
/// <param name="Address">Linear address.</param>
/// <param name="First">Where the first byte goes.</param>
/// <param name="Second">Where the bytes behind the page end go.</param>
/// <param name="Split">Bytes before the page end, or all of them.</param>
/// <param name="Implicitly">The processor's own access to a system structure: no breakpoint sees it.</param>
internal readonly record struct PreparedWrite(Gva Address, Hpa First, Hpa Second, int Split, bool Implicitly);

/// <summary>
/// A block of stack slots that will be pushed as one: prepared while every fault can still be raised, written by
/// <see cref="State.Core.Push(in PreparedFrame, ReadOnlySpan{byte})"/>. On a 16-bit stack it may wrap at 64 KiB.
/// </summary>
/// <param name="Pointer">The stack pointer after the push, cut to the stack's address size.</param>
/// <param name="Low">The bytes from the pointer on.</param>
/// <param name="LowBytes">How many they are.</param>
/// <param name="Wrapped">The bytes at the bottom of the segment, when the block wraps.</param>
internal readonly record struct PreparedFrame(ulong Pointer, PreparedWrite Low, int LowBytes, PreparedWrite Wrapped);
