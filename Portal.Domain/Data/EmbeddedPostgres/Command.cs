using System.ComponentModel;
using System.Diagnostics;
using System.Text;

namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>One run of a program of the machine.</summary>
internal readonly record struct CommandOutcome(int ExitCode, string Output)
{
    public bool Succeeded => ExitCode == 0;

    public string OutputOr(string otherwise) => Output.Length > 0 ? Output : otherwise;
}

internal static class Command
{
    private static readonly string[] Inherited = ["PATH", "HOME", "TMPDIR", "LD_LIBRARY_PATH", "DYLD_LIBRARY_PATH"];

    /// <summary>
    /// Runs a program to its end. The daemon that pg_ctl leaves behind may keep the pipes open, so the end of the program ends
    /// the reading too. A program that is not there is exit code 127.
    /// </summary>
    public static async Task<CommandOutcome> RunAsync(string file, IEnumerable<string> arguments, CancellationToken cancellationToken)
    {
        // The working directory may be closed to the server's user, and secrets of the application are no business of the server.
        var start = new ProcessStartInfo(file, arguments)
        {
            UseShellExecute = false,
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        var inherited = Inherited.Select(name => (name, value: Environment.GetEnvironmentVariable(name))).ToList();
        start.Environment.Clear();
        foreach (var (name, value) in inherited.Where(variable => variable.value is not null))
        {
            start.Environment[name] = value;
        }

        start.Environment["LC_ALL"] = "C";
        using var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (Win32Exception e)
        {
            return new CommandOutcome(127, e.Message);
        }

        process.StandardInput.Close();
        var output = new StringBuilder();
        var reading = Task.WhenAll(ReadAsync(process.StandardOutput, output), ReadAsync(process.StandardError, output));
        await process.WaitForExitAsync(cancellationToken);
        await Task.WhenAny(reading, Task.Delay(TimeSpan.FromSeconds(1), CancellationToken.None));
        lock (output)
        {
            return new CommandOutcome(process.ExitCode, output.ToString().Trim());
        }
    }

    private static async Task ReadAsync(StreamReader reader, StringBuilder output)
    {
        var buffer = new char[1024];
        try
        {
            while (await reader.ReadAsync(buffer) is > 0 and var count)
            {
                lock (output)
                {
                    output.Append(buffer, 0, count);
                }
            }
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or OperationCanceledException)
        {
            // The pipe was closed on our side because the program has ended.
        }
    }
}
