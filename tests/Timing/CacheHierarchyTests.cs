using Seamsim.Isa;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Ports;
using Seamsim.Isa.State;
using Seamsim.Timing;

namespace Seamsim.Tests.Accounts;

/// <summary>Where an access of the module is answered.</summary>
[TestFixture]
internal sealed class CacheHierarchyTests
{
    private const ulong Line = 64, Page = 4096;
    private PhysicalMemory memory = null!;
    private Core first = null!, second = null!;

    [OneTimeSetUp]
    public void Prepare()
    {
        memory = new PhysicalMemory(new KeyIdLayout(52, 6, 31, 32), [(0, 1 << 20)]);
        (first, second) = (new Core(0, 0, memory, Functional.Instance), new Core(1, 0, memory, Functional.Instance));
    }

    [OneTimeTearDown]
    public void Discard()
    {
        first.Dispose();
        second.Dispose();
        memory.Dispose();
    }

    [TestCase(1, 1)]
    [TestCase(4, 2)]
    [TestCase(3, 7)]
    public void A_cache_answers_as_a_list_of_tags_in_order_of_use_does(int sets, int ways)
    {
        LruCache cache = new(sets, ways);
        List<ulong>[] model = [.. Enumerable.Range(0, sets).Select(_ => new List<ulong>())];
        ulong state = 1;
        for (int i = 0; i < 5000; i++)
        {
            state = (state * 6364136223846793005) + 1442695040888963407;
            ulong tag = (state >> 33) % (ulong)(3 * sets * ways);
            List<ulong> set = model[(int)(tag % (ulong)sets)];
            bool held = set.Remove(tag);
            if (state >> 60 == 0)
            {
                cache.Remove(tag);
                continue;
            }
            set.Insert(0, tag);
            if (set.Count > ways)
                set.RemoveAt(ways);
            Assert.That(cache.Touch(tag), Is.EqualTo(held), $"access {i}");
        }
    }

    [Test]
    public void A_line_comes_from_memory_once_and_then_from_the_nearest_level_that_kept_it()
    {
        ICacheTiming caches = new Interval(CoreParameters.Shipped).CreateCaches(1, 2);
        Operation? cold = caches.Access(first, 0, write: false), again = caches.Access(first, 8, write: false);
        for (ulong line = 1; line <= 12; line++)
            caches.Access(first, line * 64 * Line, write: false);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(cold, Is.EqualTo(Operation.DramAccess));
            Assert.That(again, Is.Null, "another byte of the line");
            Assert.That(caches.Access(first, 0, write: false), Is.EqualTo(Operation.L2Hit), "12 ways of the L1 set went by");
            Assert.That(caches.Access(second, 0, write: false), Is.EqualTo(Operation.L3Hit), "another processor's");
        }
    }

    [Test]
    public void The_same_memory_under_another_keyid_is_another_line()
    {
        ICacheTiming caches = new Interval(CoreParameters.Shipped).CreateCaches(1, 1);
        caches.Access(first, 0, write: true);
        Hpa alias = memory.Keys.WithKey(new Hpa(0), new KeyId(40));
        Assert.That(caches.Access(first, alias.Value, write: false), Is.EqualTo(Operation.DramAccess));
    }

    [Test]
    public void A_store_takes_the_line_from_the_others_and_a_direct_store_from_all()
    {
        ICacheTiming caches = new Interval(CoreParameters.Shipped).CreateCaches(1, 2);
        caches.Access(first, 0, write: false);
        caches.Access(second, 0, write: true);
        Operation? taken = caches.Access(first, 0, write: false);
        caches.Drop(0);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(taken, Is.EqualTo(Operation.L3Hit));
            Assert.That(caches.Access(first, 0, write: false), Is.EqualTo(Operation.DramAccess));
        }
    }

    [Test]
    public void The_module_maps_a_page_again_after_as_many_others_as_it_has_keyholes()
    {
        ICacheTiming caches = new Interval(CoreParameters.Shipped).CreateCaches(1, 2);
        ulong keyholes = CoreParameters.Shipped[CoreParameter.Keyholes];
        for (ulong page = 0; page < keyholes; page++)
            Assert.That(caches.Maps(first, page * Page), Is.True);
        using (Assert.EnterMultipleScope())
        {
            Assert.That(caches.Maps(first, 8), Is.False);
            Assert.That(caches.Maps(second, 0), Is.True, "each processor has its own");
            Assert.That(caches.Maps(first, keyholes * Page), Is.True);
            Assert.That(caches.Maps(first, Page), Is.True, "the least recently used one was given away");
        }
    }
}
