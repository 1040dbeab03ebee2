using Seamsim.Isa;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;
using Seamsim.Trace;
using Seamsim.Tracing;

namespace Seamsim.Tests.Trace.Recording;

/// <summary>A program on a bare processor, recorded into memory.</summary>
internal static class RecordedProgram
{
    /// <summary>Runs with a recorder in slices of the given size and returns the file.</summary>
    public static byte[] Record(EngineRig rig, TraceOptions options, long instructions, long slice)
    {
        using MemoryStream file = new();
        TraceHeader header = new(
            "test", "", 0, "test", "none", 1, Recordings.AspectsOf(options), TraceWorlds.All);
        using TraceWriter writer = TraceWriter.Create(file, header);
        using TraceRecorder recorder = new(writer, options, [rig.Core]);
        Run(rig, instructions, slice);
        recorder.Finish();
        return file.ToArray();
    }

    /// <summary>Runs until so many instructions have retired, or the processor halts.</summary>
    public static unsafe void Run(EngineRig rig, long instructions, long slice)
    {
        while ((long)rig.Lp->Instructions < instructions)
            if (rig.Run(Math.Min(slice, instructions - (long)rig.Lp->Instructions)) != RunEnd.Budget)
                return;
    }

    public static TraceReader Open(byte[] file) => TraceReader.Open(new MemoryStream(file), "memory");
}
