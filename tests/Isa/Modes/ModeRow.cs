namespace Seamsim.Tests.Isa.Modes;

/// <summary>A program that ends in a fault handler (or, with vector −1, in its own HLT).</summary>
/// <param name="Name">What the row shows, with the section of the SDM where it is not the instruction's own page.</param>
/// <param name="Code">The program, hexadecimal.</param>
/// <param name="Vector">The exception; −1: none.</param>
/// <param name="Error">The error code on the handler's stack; null when there is none.</param>
/// <param name="Cpl">Privilege level of the program.</param>
/// <param name="Arrange">What differs from the rig's state.</param>
internal sealed record ModeRow(
    string Name, string Code, int Vector, uint? Error = null, int Cpl = 0, Action<ModeRig>? Arrange = null)
{
    /// <summary>Runs the program, checks how it ends and hands the rig over for more.</summary>
    public void Check(Action<ModeRig>? and = null)
    {
        using ModeRig rig = new ModeRig(Cpl).Load(Code);
        Arrange?.Invoke(rig);
        rig.Run();
        Assert.That(rig.Vector, Is.EqualTo(Vector), $"{Name}: vector");
        if (Error is { } error)
            Assert.That(rig.Read(rig.Esp), Is.EqualTo(error), $"{Name}: error code");
        and?.Invoke(rig);
    }
}
