using System.ComponentModel;
using System.Diagnostics;

namespace Seamsim.Cli.Trace;

/// <summary>
/// Shows lines: on a terminal through $PAGER, or a screen at a time where there is none; in a pipe as they come. Lines
/// are made as they are wanted, so that leaving early costs nothing.
/// </summary>
internal sealed class Pager(Terminal terminal)
{
    private const string Prompt = "-- more: space, Enter a line, q quits --";

    /// <summary>Shows them.</summary>
    public void Show(IEnumerable<string> lines)
    {
        if (!terminal.IsTerminal || Console.IsInputRedirected)
        {
            foreach (string line in lines)
                terminal.Line(line);
        }
        else if (Environment.GetEnvironmentVariable("PAGER") is not { Length: > 0 } command || !Through(command, lines))
        {
            ByScreens(lines);
        }
    }

    private static bool Through(string command, IEnumerable<string> lines)
    {
        string[] words = command.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        ProcessStartInfo start = new(words[0], words[1..]) { RedirectStandardInput = true };
        // less shows colours as such, and ends by itself on little text
        if (!start.Environment.ContainsKey("LESS"))
            start.Environment["LESS"] = "FRX";
        Process? pager;
        try
        {
            pager = Process.Start(start);
        }
        catch (Win32Exception)
        {
            return false;
        }
        if (pager is null)
            return false;
        using (pager)
        {
            try
            {
                using StreamWriter to = pager.StandardInput;
                foreach (string line in lines)
                    to.WriteLine(line);
            }
            catch (IOException wrong) when (wrong is not Seamsim.Trace.TraceFileException)
            {
                // the reader left before the end
            }
            pager.WaitForExit();
            return true;
        }
    }

    private void ByScreens(IEnumerable<string> lines)
    {
        int left = Height;
        foreach (string line in lines)
        {
            if (left <= 0)
            {
                left = Ask();
                if (left == 0)
                    return;
            }
            terminal.Line(line);
            left--;
        }
    }

    private static int Height => Math.Max(1, Console.WindowHeight - 1);

    /// <summary>How many lines to show next; 0: no more.</summary>
    private int Ask()
    {
        terminal.Text(Prompt);
        ConsoleKey key = Console.ReadKey(intercept: true).Key;
        terminal.Text("\r" + new string(' ', Prompt.Length) + "\r");
        return key switch
        {
            ConsoleKey.Q or ConsoleKey.Escape => 0,
            ConsoleKey.Enter or ConsoleKey.DownArrow => 1,
            _ => Height,
        };
    }
}
