using Seamsim.Isa;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;
using Seamsim.Trace;
using Seamsim.Tracing;

namespace Seamsim.Tests.Trace.Recording;

/// <summary>What is no instruction: interrupts, faults, devices, translations, maintenance, time.</summary>
public sealed class RecordedEventTests
{
    private static readonly TraceOptions Options = new() { Values = true };

    [Test]
    public unsafe void An_exception_carries_vector_error_code_and_address_and_cuts_its_block()
    {
        using EngineRig rig = new EngineRig().Load(0x90, 0x90, 0xC7, 0x04, 0x25, 0, 0, 0x50, 0, 1, 0, 0, 0); // mov [0x500000], 1
        rig.ChangePte(0x500000, 1);
        List<TraceStep> steps = Steps(rig);
        TraceStep exception = steps.Single(step => step.Kind == EventKind.Exception);
        Assert.That((exception.Code, exception.Operands[1], exception.Operands[2]), Is.EqualTo((14, 2UL, 0x500000UL)));
        Assert.That(exception.Operands[0] & EventShape.HasErrorCode, Is.Not.Zero);
        Assert.That((steps[0].Address, steps[0].Retired), Is.EqualTo((EngineRig.Code, 2)));
        Assert.That(steps.Last(step => step.Address != 0).Address, Is.EqualTo(EngineRig.Handler(14)));
    }

    [Test]
    public void A_software_interrupt_retires_and_then_goes_through_the_idt()
    {
        using EngineRig rig = new EngineRig().Load(0x90, 0xCD, 0x40); // int 0x40
        List<TraceStep> steps = Steps(rig);
        TraceStep exception = steps.Single(step => step.Kind == EventKind.Exception);
        Assert.That((exception.Code, exception.Operands[0]), Is.EqualTo((0x40, EventShape.Software)));
        Assert.That(steps[0].Retired, Is.EqualTo(2));
    }

    [Test]
    public void A_device_access_has_its_value_and_its_operation()
    {
        using EngineRig rig = new EngineRig().Load(0x8B, 0x04, 0x25, 0, 0, 0x60, 0, 0x90, 0xF4); // mov eax, [0x600000]
        const ulong device = 0x4000_0000;
        rig.ChangePte(0x600000, 0x000FFFFFFFFFF000, device);
        rig.Memory.Mmio.Add(device, 0x1000, new Device());
        List<TraceStep> steps = Steps(rig);
        Assert.That(steps[0].Accesses, Is.EqualTo(new[] { (0x600000UL, 4, false, 0x1234UL) }));
        Assert.That(steps, Has.Some.Matches<TraceStep>(
            step => step!.Kind == EventKind.Operation && step.Code == (int)Operation.MmioAccess && step.Operands[1] == device));
    }

    [Test]
    public void A_translation_is_told_once_and_when_it_changes()
    {
        using EngineRig rig = new EngineRig().Load(a =>
        {
            a.mov(Iced.Intel.AssemblerRegisters.rax, Iced.Intel.AssemblerRegisters.__[0x300000]);
            a.invlpg(Iced.Intel.AssemblerRegisters.__[0x300000]);
            a.mov(Iced.Intel.AssemblerRegisters.rax, Iced.Intel.AssemblerRegisters.__[0x300000]);
            a.mov(Iced.Intel.AssemblerRegisters.__qword_ptr[(long)EngineRig.PteOf(0x300000)], 0x301007);
            a.invlpg(Iced.Intel.AssemblerRegisters.__[0x300000]);
            a.mov(Iced.Intel.AssemblerRegisters.rax, Iced.Intel.AssemblerRegisters.__[0x300000]);
            a.hlt();
        });
        List<TraceStep> steps = Steps(rig);
        ulong[] pages = [.. steps.Where(s => s.Kind == EventKind.Translation && s.Operands[0] == 0x300000).Select(s => s.Operands[2])];
        Assert.That(pages, Is.EqualTo(new ulong[] { 0x300000, 0x301000 }));
        Assert.That(steps.Count(s => s.Kind == EventKind.Maintenance && (Maintenance)s.Code == Maintenance.Invlpg), Is.EqualTo(2));
        Assert.That(steps, Has.Some.Matches<TraceStep>(s => s!.Kind == EventKind.Walk));
    }

    [Test]
    public void Reading_the_time_stamp_counter_is_told()
    {
        using EngineRig with = new EngineRig().Load(0x0F, 0x31, 0xF4), without = new EngineRig().Load(0x90, 0xF4);
        Assert.That(Steps(with), Has.Exactly(1).Matches<TraceStep>(s => s!.Kind == EventKind.TimeRead));
        Assert.That(Steps(without), Has.None.Matches<TraceStep>(s => s!.Kind == EventKind.TimeRead));
    }

    [Test]
    public void Handlers_and_encoder_speak_the_same_words()
    {
        using (Assert.EnterMultipleScope())
        {
            Assert.That(Seamsim.Isa.Probes.ProbeWord.Block(77) | 1234, Is.EqualTo(RawWord.Execute(77, 1234)));
            foreach (ulong address in (ulong[])[0, 0x1234, 0x00FF_FFFF_FFFF_FFFF, 0xFFFF_8000_0000_1000])
            {
                Assert.That(Seamsim.Isa.Probes.ProbeWord.Access<ushort>(address, write: true), Is.EqualTo(RawWord.Access(address, 2, true)));
                Assert.That(Seamsim.Isa.Probes.ProbeWord.Access<ulong>(address, write: false), Is.EqualTo(RawWord.Access(address, 8, false)));
            }
            Assert.That(Seamsim.Isa.Probes.ProbeWord.Changed(0x8001), Is.EqualTo(RawWord.Event(EventKind.Registers, 2, 0, 0x8001)));
        }
    }

    private static List<TraceStep> Steps(EngineRig rig)
    {
        using TraceReader reader = RecordedProgram.Open(RecordedProgram.Record(rig, Options, 100, 100));
        TraceCursor cursor = reader.ReadFrom();
        List<TraceStep> steps = [];
        while (cursor.Next())
        {
            TraceRecord r = cursor.Current;
            if (r.IsExecution || (r.Kind != EventKind.LpSwitch && r.Kind != EventKind.WorldSwitch && r.Kind != EventKind.AddressSpace))
                steps.Add(new TraceStep(
                    r.IsExecution ? 0 : r.Kind, r.Code, r.Block?.Address ?? 0, r.Retired, [.. r.Operands, 0, 0, 0],
                    [.. r.Accesses.ToArray().Select(a => (a.Address, a.Bytes, a.IsWrite, a.Value))]));
        }
        return steps;
    }

    private sealed record TraceStep(
        EventKind Kind, int Code, ulong Address, int Retired, ulong[] Operands, (ulong, int, bool, ulong)[] Accesses);

    private sealed class Device : IMmioDevice
    {
        public ulong Read(Core core, ulong offset, int bytes) => 0x1234;

        public void Write(Core core, ulong offset, int bytes, ulong value)
        {
        }
    }
}
