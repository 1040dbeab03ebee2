using Microsoft.Extensions.ObjectPool;

namespace Seamsim.Hosting;

/// <summary>
/// 4-KiB buffers for looking at and writing simulated pages. A page is cleared when it comes back: what one TD held
/// must not show up in the next user's buffer.
/// </summary>
internal sealed class ScratchPages : PooledObjectPolicy<byte[]>
{
    /// <summary>Bytes of a page.</summary>
    public const int PageBytes = 4096;

    private readonly ObjectPool<byte[]> pool;

    /// <summary>An empty pool.</summary>
    public ScratchPages() => pool = new DefaultObjectPool<byte[]>(this);

    /// <summary>A page of zeros.</summary>
    public byte[] Rent() => pool.Get();

    /// <summary>Takes a page back.</summary>
    public void GiveBack(byte[] page) => pool.Return(page);

    /// <inheritdoc/>
    public override byte[] Create() => new byte[PageBytes];

    /// <inheritdoc/>
    public override bool Return(byte[] obj)
    {
        Array.Clear(obj);
        return true;
    }
}
