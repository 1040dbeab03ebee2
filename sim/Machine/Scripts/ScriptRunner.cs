using System.Globalization;
using System.Text;
using System.Text.Json;
using Seamsim.Configuration;
using Seamsim.Firmware.Abi;
using Seamsim.Isa;

namespace Seamsim.Scripts;

/// <summary>Plays a script on a machine and writes one JSON line for every call and every read.</summary>
internal sealed class ScriptRunner(Machine machine, Action<string> output)
{
    private readonly Dictionary<string, ulong> allocations = [];
    private SeamcallAnswer? last;

    /// <summary>Expectations that did not hold.</summary>
    public int Failures { get; private set; }

    /// <summary>Plays one command.</summary>
    public void Play(ScriptCommand command, string source)
    {
        switch (command)
        {
            case AllocCommand alloc:
                allocations[alloc.Name] = machine.AllocatePages(alloc.Pages)
                    ?? throw new ConfigurationException(new Origin(source, alloc.Line), "alloc: no free memory left");
                break;
            case WriteCommand write:
                machine.HostMemory.Write(new Hpa(write.Address.In(allocations)), write.Bytes);
                break;
            case ReadCommand read:
                Read(read);
                break;
            case CallCommand call:
                Call(call);
                break;
            case ExpectCommand expect:
                Expect(expect);
                break;
            default:
                throw new ArgumentOutOfRangeException(nameof(command));
        }
    }

    private void Read(ReadCommand read)
    {
        byte[] bytes = new byte[read.Bytes];
        ulong address = read.Address.In(allocations);
        machine.HostMemory.Read(new Hpa(address), bytes);
        output(Json(writer =>
        {
            writer.WriteString("read", Hex(address));
            writer.WriteString("hex", Convert.ToHexStringLower(bytes));
        }));
    }

    private void Call(CallCommand call)
    {
        ulong[] registers = new ulong[16];
        registers[0] = call.Rax;
        foreach ((int register, Operand value) in call.Registers)
            registers[register] = value.In(allocations);
        SeamcallAnswer answer = last = machine.Seamcall(call.Lp, registers);
        output(Json(writer =>
        {
            writer.WriteNumber("line", call.Line);
            writer.WriteNumber("lp", call.Lp);
            writer.WriteString("leaf", Names.OfLeaf(call.Rax & 0x8000_0000_0000_FFFF));
            for (int i = 0; i < Registers.Names.Count; i++)
                writer.WriteString(Registers.Names[i], Hex(answer.Registers[i]));
            writer.WriteString("status", StatusOf(answer, call.Rax));
            if (answer.Exception < 0 && StatusNames.Operand(answer.Status.Details) is { } operand
                && answer.Status.Details != 0)
                writer.WriteString("operand", operand);
            writer.WriteNumber("cf", answer.Cf ? 1 : 0);
            writer.WriteNumber("zf", answer.Zf ? 1 : 0);
            if (answer.Exception >= 0)
                writer.WriteString("exception", ExceptionName(answer.Exception));
            writer.WriteNumber("cycles", answer.Cycles);
            writer.WriteString("model", machine.TimingModel);
        }));
    }

    private void Expect(ExpectCommand expect)
    {
        foreach ((string key, Operand value, string text) in expect.Wanted)
        {
            string got = key switch
            {
                "status"    => Hex(last!.Registers[0]),
                "cf"        => last!.Cf ? "0x1" : "0x0",
                "zf"        => last!.Zf ? "0x1" : "0x0",
                "exception" => last!.Exception < 0 ? "none" : ExceptionName(last.Exception),
                _           => Hex(last!.Registers[Registers.IndexOf(key)]),
            };
            string wanted = key == "exception" ? text : Hex(value.In(allocations));
            if (wanted == got)
                continue;
            Failures++;
            output(Json(writer =>
            {
                writer.WriteNumber("line", expect.Line);
                writer.WriteString("failed", key);
                writer.WriteString("expected", key == "status" ? $"{wanted} ({text})" : wanted);
                writer.WriteString("got", key == "status" ? $"{got} ({last!.Status})" : got);
            }));
        }
    }

    private static string StatusOf(SeamcallAnswer answer, ulong leaf)
    {
        if (answer.Exception >= 0)
            return ExceptionName(answer.Exception);
        if (answer.Cf)
            return "VMfailInvalid";
        if (answer.Zf)
            return "VMfailValid";
        if (leaf >> 63 != 0)
            return answer.Registers[0] == 0 ? "SEAMLDR_SUCCESS" : "SEAMLDR " + Hex(answer.Registers[0]);
        return answer.Status.ToString();
    }

    private static string ExceptionName(int vector) => "#" + (Vector)vector;

    private static string Hex(ulong value) => "0x" + value.ToString("X", CultureInfo.InvariantCulture);

    private static string Json(Action<Utf8JsonWriter> write)
    {
        using MemoryStream bytes = new();
        using (Utf8JsonWriter writer = new(bytes))
        {
            writer.WriteStartObject();
            write(writer);
            writer.WriteEndObject();
        }
        return Encoding.UTF8.GetString(bytes.ToArray());
    }
}
