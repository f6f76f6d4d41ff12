using System.Globalization;
using Portal.E2E.Running;

namespace Portal.E2E.Soaking;

/// <summary>Kills the server and PostgreSQL when the plan says so, and brings back what does not come back by itself.</summary>
internal sealed class Kills(PortalApp portal, Outages outages, Action<string> say)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);

    /// <summary>One kill; ends when the portal is ready again.</summary>
    public async Task StrikeAsync(Victim victim)
    {
        outages.Begin(victim);
        if (victim is Victim.Server or Victim.Both) await portal.KillAsync();
        if (victim is Victim.Postgres or Victim.Both) await PostgresProcesses.KillAsync(portal.DataDirectory);
        outages.Struck();
        var restarted = victim != Victim.Postgres || !await ComesBackAsync();
        if (restarted)
        {
            if (victim == Victim.Postgres) await portal.StopAsync();
            await portal.StartAsync();
        }

        outages.End(restarted);
        say(string.Create(CultureInfo.InvariantCulture, $"kill -9 {victim}: ready after {outages.All.Last().Ready!.Value.TotalSeconds:0.0} s{(restarted ? ", started again" : "")}"));
    }

    private async Task<bool> ComesBackAsync()
    {
        try
        {
            await Eventually.FindAsync<object>("ready portal", async () => await portal.Api.IsReadyAsync() ? portal : null, Patience);
            return true;
        }
        catch (TimeoutException)
        {
            return false;
        }
    }
}
