using System.Globalization;
using Portal.E2E.Running;

namespace Portal.E2E.Soaking;

/// <summary>Kills the server and PostgreSQL when the plan says so, and brings back what does not come back by itself.</summary>
internal sealed class Kills(PortalApp portal, Outages outages, Book book, Action<string> say)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    /// <summary>One kill; ends when the portal is ready again.</summary>
    public async Task StrikeAsync(Victim victim)
    {
        outages.Begin(victim);
        if (victim is Victim.Server or Victim.Both) await portal.KillAsync();
        if (victim != Victim.Server) await PostgresProcesses.KillAsync(portal.DataDirectory, withChildren: victim != Victim.Postmaster);
        outages.Struck();
        // The portal brings its own PostgreSQL back; nobody but a supervisor, here we, brings back the portal.
        var restarted = victim is Victim.Server or Victim.Both;
        if (restarted) await portal.StartAsync();
        else await BackAsync();
        outages.End(restarted);
        say(string.Create(CultureInfo.InvariantCulture, $"kill -9 {victim}: ready after {outages.All.Last().Ready!.Value.TotalSeconds:0.0} s{(restarted ? ", started again" : "")}"));
    }

    private async Task BackAsync()
    {
        try
        {
            await Eventually.FindAsync<object>("ready portal", async () => await portal.Api.IsReadyAsync() ? portal : null, Patience);
        }
        catch (TimeoutException e)
        {
            book.Fault($"PostgreSQL was killed and the portal did not come back by itself: {e.Message}\n{portal.Output}");
            await portal.StopAsync();
            await portal.StartAsync();
        }
    }
}
