using System.Diagnostics;
using System.Globalization;
using Portal.Domain.Data.EmbeddedPostgres;

namespace Portal.Database.Tests.Server;

/// <summary>
/// Another process that uses the embedded server of a folder: this very assembly, run as a program. It prints the server's port
/// and stays until its input ends.
/// </summary>
internal sealed class Holder : IDisposable
{
    private readonly Process process;

    private Holder(Process process) => this.process = process;

    /// <summary>The program (see <see cref="Program"/>).</summary>
    public static async Task HoldAsync(string folder)
    {
        await using var server = await EmbeddedPostgres.StartAsync(new EmbeddedPostgresOptions { DataDirectory = folder, Durable = false });
        await Console.Out.WriteLineAsync(server.Port.ToString(CultureInfo.InvariantCulture));
        await Console.In.ReadToEndAsync();
    }

    /// <summary>Starts the program, as another user of the machine when a user id is given.</summary>
    public static Holder Start(string folder, int? uid = null, string? assembly = null)
    {
        string[] command = ["dotnet", assembly ?? typeof(Holder).Assembly.Location, folder];
        string[] prefix = uid is { } id ? ["setpriv", $"--reuid={id}", $"--regid={id}", "--clear-groups", "--"] : [];
        string[] all = [.. prefix, .. command];
        return new Holder(Process.Start(new ProcessStartInfo(all[0], all[1..])
        {
            UseShellExecute = false,
            WorkingDirectory = "/",
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!);
    }

    /// <summary>The server's port, once it runs.</summary>
    public async Task<int> PortAsync() =>
        int.Parse(await process.StandardOutput.ReadLineAsync() ?? throw new InvalidOperationException("The holder ended without a port."), CultureInfo.InvariantCulture);

    /// <summary>Lets it leave in order.</summary>
    public async Task LeaveAsync()
    {
        process.StandardInput.Close();
        await process.WaitForExitAsync();
    }

    /// <summary>kill -9.</summary>
    public async Task KillAsync()
    {
        process.Kill();
        await process.WaitForExitAsync();
    }

    public void Dispose()
    {
        if (!process.HasExited) process.Kill();
        process.Dispose();
    }
}
