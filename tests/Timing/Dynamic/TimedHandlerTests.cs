using Seamsim.Isa.Engine.Interpreter;
using Seamsim.Isa.State;
using Seamsim.Tests.Isa.Engine;
using Seamsim.Timing;
using Seamsim.Timing.Dynamic;

namespace Seamsim.Tests.Accounts;

/// <summary>The handlers that report to the interval model are chained like all others.</summary>
internal sealed unsafe class TimedHandlerTests
{
    [Test]
    public void In_optimised_code_no_timed_handler_moves_the_stack()
    {
        if (Attribute.GetCustomAttribute(typeof(Core).Assembly, typeof(System.Diagnostics.DebuggableAttribute))
                is System.Diagnostics.DebuggableAttribute { IsJITOptimizerDisabled: true })
            Assert.Ignore("an unoptimised build makes real calls");
        using TimedRig rig = new();
        rig.Load(BlockAccountTests.Mixture);
        rig.Run();
        using HandlerChain chain = new();
        Interval model = new(CoreParameters.Shipped);
        model.Attach(chain.Core, model.CreateCaches(packages: 1, lpsPerPackage: 1));
        int measured = 0;
        using (Assert.EnterMultipleScope())
        {
            foreach (HandlerKey key in HandlerTable.For(typeof(IntervalProbe)).Instantiated)
            {
                if (key.Family is Family.System or Family.Managed or Family.VectorGeneral || key.Careful)
                    continue;
                nint near = chain.StackAfter(key, 1, typeof(IntervalProbe)), far = chain.StackAfter(key, 1000, typeof(IntervalProbe));
                Assert.That(near, Is.Not.Zero, $"{key} left its chain");
                Assert.That(far, Is.EqualTo(near), key.ToString());
                measured++;
            }
        }
        Assert.That(measured, Is.GreaterThan(15));
    }
}
