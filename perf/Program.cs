using BenchmarkDotNet.Configs;
using BenchmarkDotNet.Jobs;
using BenchmarkDotNet.Running;
using BenchmarkDotNet.Toolchains.InProcess.Emit;

if (args is ["fuzz", ..])
    return Seamsim.Perf.Fuzz.FuzzProgram.Run(args[1..]);

if (args is ["trace", ..])
{
    Seamsim.Perf.Trace.TraceCost.Run(args.Length > 1 ? ulong.Parse(args[1], System.Globalization.CultureInfo.InvariantCulture) : 100);
    return 0;
}

if (args is ["calibrate"])
{
    Seamsim.Timing.CoreParameters shipped = Seamsim.Timing.CoreParameters.Shipped;
    Console.Write(Seamsim.Calibrating.CalibrationText.Of(Seamsim.Calibrating.Calibration.Run(shipped), shipped));
    return 0;
}

// In process: the engine is compiled once and warm, and no project is generated beside this one.
Job job = Job.Default
    .WithToolchain(InProcessEmitToolchain.Instance)
    .WithWarmupCount(3)
    .WithIterationCount(10);
BenchmarkSwitcher.FromAssembly(typeof(Program).Assembly)
    .Run(args, DefaultConfig.Instance.AddJob(job));
return 0;
