namespace Seamsim.Trace;

/// <summary>Where a linear page is.</summary>
/// <param name="Gpa">Guest-physical page; equal to the linear page where no paging is in force.</param>
/// <param name="Hpa">Host-physical page without KeyID bits.</param>
/// <param name="KeyId">The KeyID it is accessed with.</param>
public readonly record struct PageTranslation(ulong Gpa, ulong Hpa, ushort KeyId);

/// <summary>The translations a cursor has come across, by address space.</summary>
public sealed class Translations
{
    private readonly Dictionary<(ulong Space, ulong Page), PageTranslation> pages = [];

    /// <summary>Takes note of a record when it is a translation.</summary>
    public void Saw(TraceRecord record, ulong space)
    {
        if (record.IsExecution || record.Kind != EventKind.Translation)
            return;
        pages[(space, record.Operand(0) & ~0xFFFUL)] = new PageTranslation(
            record.Operand(1) & ~0xFFFUL, record.Operand(2) & ~0xFFFUL, (ushort)record.Operand(3));
    }

    /// <summary>The translation of the page that holds a linear address; null when none was recorded.</summary>
    public PageTranslation? Of(ulong space, ulong linear) =>
        pages.TryGetValue((space, linear & ~0xFFFUL), out PageTranslation page) ? page : null;
}
