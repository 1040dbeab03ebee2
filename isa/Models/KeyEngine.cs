using System.Buffers.Binary;
using Seamsim.Isa.Memory;
using Seamsim.Isa.Seam;

namespace Seamsim.Isa.Models;

/// <summary>KEYID_CTRL.COMMAND of MKTME_KEY_PROGRAM. SDM vol. 2, PCONFIG.</summary>
public enum KeyCommand : byte
{
    /// <summary>The key comes from the structure.</summary>
    SetKeyDirect = 0,

    /// <summary>The CPU makes the key; the structure adds entropy.</summary>
    SetKeyRandom = 1,

    /// <summary>Back to the platform key.</summary>
    ClearKey = 2,

    /// <summary>No encryption.</summary>
    NoEncrypt = 3,
}

/// <summary>
/// PCONFIG leaf 0, MKTME_KEY_PROGRAM: programs a KeyID of one package's MKTME engine. SDM vol. 2, PCONFIG; the
/// structure is 256 bytes: KEYID u16, KEYID_CTRL u32 (command 7:0, algorithm 23:8), key fields at 64 and 128.
/// </summary>
public sealed class KeyEngine
{
    /// <summary>Bytes of MKTME_KEY_PROGRAM_STRUCT; it is aligned to its size.</summary>
    public const int StructBytes = 256;

    private const int KeyField1 = 64;
    private readonly PhysicalMemory memory;
    private readonly RandomSource random;
    private readonly bool integrityOffered;

    internal KeyEngine(PhysicalMemory memory, RandomSource random, bool integrityOffered)
    {
        this.memory = memory;
        this.random = random;
        this.integrityOffered = integrityOffered;
    }

    /// <summary>How many of the next programmings meet a busy engine.</summary>
    public int BusyAhead { get; set; }

    /// <summary>How many of the next random keys find no entropy.</summary>
    public int EntropyFailuresAhead { get; set; }

    /// <summary>
    /// Programs from the memory image of MKTME_KEY_PROGRAM_STRUCT. Reserved fields are #GP(0): false.
    /// </summary>
    public bool TryProgram(int package, ReadOnlySpan<byte> structure, out PconfigResult result)
    {
        uint control = BinaryPrimitives.ReadUInt32LittleEndian(structure[2..]);
        result = default;
        if ((control >> 24) != 0 || structure[6..KeyField1].ContainsAnyExcept((byte)0))
            return false;
        ulong secret = 0;
        for (int i = KeyField1; i < KeyField1 + 128; i += 8)
            secret = secret * 31 + BinaryPrimitives.ReadUInt64LittleEndian(structure[i..]);
        KeyId key = new(BinaryPrimitives.ReadUInt16LittleEndian(structure));
        result = Program(package, key, (KeyCommand)(control & 0xFF), (ushort)(control >> 8), secret);
        return true;
    }

    /// <summary>Programs a KeyID.</summary>
    /// <param name="package">Package of the logical processor that executes PCONFIG.</param>
    /// <param name="key">The KeyID; 0 is the platform's own.</param>
    /// <param name="command">What to do.</param>
    /// <param name="algorithm">One of AES-XTS-128 (bit 0), with integrity (1), AES-XTS-256 (2), with integrity (3).</param>
    /// <param name="secret">The key of SET_KEY_DIRECT, or extra entropy.</param>
    public PconfigResult Program(int package, KeyId key, KeyCommand command, ushort algorithm, ulong secret)
    {
        if (command > KeyCommand.NoEncrypt)
            return PconfigResult.InvalidProgramCommand;
        if (key.Value == 0 || key.Value > memory.Keys.LastPrivate)
            return PconfigResult.InvalidKeyId;
        bool integrity = (algorithm & 0xA) != 0;
        if (command <= KeyCommand.SetKeyRandom && (!ulong.IsPow2(algorithm) || algorithm > 8 || (integrity && !integrityOffered)))
            return PconfigResult.InvalidEncryptionAlgorithm;
        if (BusyAhead > 0)
        {
            BusyAhead--;
            return PconfigResult.DeviceBusy;
        }
        if (command == KeyCommand.SetKeyRandom)
        {
            if (EntropyFailuresAhead > 0)
            {
                EntropyFailuresAhead--;
                return PconfigResult.EntropyError;
            }
            secret ^= random.Next();
        }
        if (command >= KeyCommand.ClearKey)
            memory.ClearKey(package, key);
        else
            memory.ProgramKey(package, key, secret, integrity);
        return PconfigResult.Success;
    }
}
