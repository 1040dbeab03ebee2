using Seamsim.Isa.State;

namespace Seamsim.Isa.Engine.Interpreter;

/// <summary>The decoded blocks of one logical processor, by physical address and by page.</summary>
internal sealed unsafe class BlockCache(Core core) : IDisposable
{
    private readonly Dictionary<BlockKey, Block> blocks = [];
    private readonly Dictionary<ulong, List<Block>> byPage = [];

    public OpArena Arena { get; } = new();

    /// <summary>Blocks built since reset.</summary>
    public long Built { get; private set; }

    public Block? Find(in BlockKey key) => blocks.GetValueOrDefault(key);

    public void Add(Block block)
    {
        blocks[block.Key] = block;
        Built++;
        File(block, new Hpa(block.Key.Physical));
        if (block.SecondPage is { } second)
            File(block, second);
    }

    /// <summary>Drops the blocks of a page (KeyID stripped); a chain inside one must end soon.</summary>
    public void DropPage(ulong page)
    {
        if (!byPage.Remove(page, out List<Block>? list))
            return;
        foreach (Block block in list)
            Drop(block);
        core.Lp->Leave = 1;
    }

    /// <summary>Takes one block out: lookups, links and jump-cache entries no longer find it.</summary>
    public void Drop(Block block)
    {
        if (block.Dropped)
            return;
        block.Dropped = true;
        blocks.Remove(block.Key);
        foreach (nint slot in block.Incoming)
            *(Op**)slot = null;
        JumpEntry* entry = Flow.JumpSlot(core.Lp, block.Key.Rip);
        if (entry->Head == block.Head)
            *entry = default;
    }

    /// <summary>Drops everything but keeps the memory, which a running chain may still be in.</summary>
    public void DropAll()
    {
        blocks.Clear();
        byPage.Clear();
        new Span<byte>(core.Lp->JumpCache, sizeof(JumpEntry) * Flow.JumpEntries).Clear();
        core.Lp->Leave = 1;
        StaleArena = true;
    }

    /// <summary>Links point into blocks that are gone; the run loop empties the arena before the next chain.</summary>
    public bool StaleArena { get; private set; }

    /// <summary>Empties the arena; no chain runs.</summary>
    public void Empty()
    {
        DropAll();
        Arena.Clear();
        StaleArena = false;
    }

    public void Dispose() => Arena.Dispose();

    private void File(Block block, Hpa address)
    {
        core.Memory.MarkCode(address); // first: a page that is held for writing is called back together with its blocks
        ulong page = core.Memory.Keys.LineOf(address) & ~0xFFFUL;
        if (!byPage.TryGetValue(page, out List<Block>? list))
            byPage.Add(page, list = []);
        list.Add(block);
    }
}
