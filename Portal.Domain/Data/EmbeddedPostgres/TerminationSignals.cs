using System.Runtime.InteropServices;

namespace Portal.Domain.Data.EmbeddedPostgres;

/// <summary>
/// Keeps a signal from ending the process on the spot, which would leave the server running: it is taken note of from before the
/// server starts until after it has stopped.
/// </summary>
internal sealed class TerminationSignals : IDisposable
{
    private readonly CancellationTokenSource received = new();
    private readonly PosixSignalRegistration[] registrations;

    public TerminationSignals() =>
        registrations = [.. new[] { PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP }.Select(s => PosixSignalRegistration.Create(s, Take))];

    /// <summary>Cancelled when the first signal has come.</summary>
    public CancellationToken Received => received.Token;

    public void Dispose()
    {
        foreach (var registration in registrations)
        {
            registration.Dispose();
        }

        received.Dispose();
    }

    private void Take(PosixSignalContext signal)
    {
        signal.Cancel = true;
        received.Cancel();
    }
}
