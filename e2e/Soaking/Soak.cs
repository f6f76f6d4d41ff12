using System.Globalization;
using Portal.E2E.Running;

namespace Portal.E2E.Soaking;

/// <summary>Mixed work on a portal that is killed again and again, and then its books held against what was answered.</summary>
internal sealed class Soak : IDisposable
{
    private static readonly TimeSpan Settling = TimeSpan.FromMinutes(2), AnswerPatience = TimeSpan.FromMinutes(1);
    private readonly SoakPlan plan;
    private readonly PortalApp portal;
    private readonly Action<string> say;
    private readonly Book book = new();
    private readonly Outages outages = new();
    private readonly CancellationTokenSource patience = new();
    private readonly CancellationTokenSource time = new();
    private readonly PlatformApi api;
    private readonly Caller caller;
    private const string Idle = "soak-idle";
    private readonly string[] tenants = [.. Enumerable.Range(0, SoakPlan.Tenants).Select(i => string.Create(CultureInfo.InvariantCulture, $"soak-{i:00}"))];

    private Soak(SoakPlan plan, PortalApp portal, Action<string> say)
    {
        (this.plan, this.portal, this.say) = (plan, portal, say);
        api = portal.Api.With(AnswerPatience);
        caller = new Caller(api, outages, book, patience.Token);
    }

    /// <summary>Runs a soak on a portal of its own.</summary>
    /// <param name="plan">What to do.</param>
    /// <param name="say">Told what happens, a line each.</param>
    /// <param name="stop">Ends it early, without a report.</param>
    public static async Task<SoakReport> RunAsync(SoakPlan plan, Action<string> say, CancellationToken stop = default)
    {
        say(string.Create(CultureInfo.InvariantCulture, $"soak of {plan.Length.TotalMinutes:0.##} min, seed {plan.Seed}"));
        await using var portal = await PortalApp.StartAsync("demo");
        using var soak = new Soak(plan, portal, say);
        await soak.FurnishAsync();
        var worked = await soak.WorkAsync().WaitAsync(stop);
        say("checking");
        await new SoakCheck(portal, soak.api, soak.book, soak.caller, [.. soak.tenants, Idle]).RunAsync(plan.RandomOf("check", 0)).WaitAsync(stop);
        if (await portal.StopAsync() is not 0 and var code) soak.book.Fault($"The portal ended with {code}.");
        return new SoakReport(plan, soak.book, soak.outages, worked);
    }

    public void Dispose()
    {
        api.Dispose();
        patience.Dispose();
        time.Dispose();
    }

    /// <summary>Customers with a shared pool and a team's, which draws from the shared one when it is empty, and prices.</summary>
    private async Task FurnishAsync()
    {
        await Prices.PublishAsync(api);
        var random = plan.RandomOf("furnish", 0);
        foreach (var tenant in tenants.Append(Idle))
        {
            await api.PutAsync($"v1/tenants/{tenant}", new { name = tenant, currency = "USD" });
            await api.PostAsync($"v1/tenants/{tenant}/pools", new { key = "team", name = "Team", kind = "team", overflow = random.Next(2) == 0 ? "shared" : "deny" });
            // Several grants, so that draws cross from one to the next, and some come to their end.
            foreach (var pool in new[] { "shared", "shared", "team" })
            {
                var credits = (decimal)random.Next(20, 2000);
                await api.PostAsync($"v1/tenants/{tenant}/grants", Clerks.GrantOf(credits, pool));
                book.Grant(tenant, credits);
                book.Counts.Grants.Add();
            }
        }
    }

    /// <summary>Sends work until the plan's time is over, and lets what is under way come to its end.</summary>
    private async Task<TimeSpan> WorkAsync()
    {
        var watch = System.Diagnostics.Stopwatch.StartNew();
        time.CancelAfter(plan.Length);
        using var pages = await PageVisitor.SignInAsync(portal.Address, caller, outages, book);
        Task[] work =
        [
            .. Several("senders", 6, 60, random => new Senders(caller, book, Tenant(random)).OnceAsync(random)),
            .. Several("holders", 4, 100, random => new Holders(caller, book, Tenant(random)).OnceAsync(random)),
            .. Several("clerks", 2, 150, random => new Clerks(caller, book, Tenant(random)).OnceAsync(random)),
            .. Several("readers", 2, 100, random => new Readers(caller, book, Tenant(random)).OnceAsync(random)),
            .. Several("pages", 1, 400, pages.OnceAsync),
        ];
        foreach (var (after, victim) in plan.Kills())
        {
            if (after > watch.Elapsed) await Task.Delay(after - watch.Elapsed);
            await new Kills(portal, outages, book, say).StrikeAsync(victim);
        }

        await ForgetHoldAsync();
        var worked = Task.WhenAll(work);
        await Task.WhenAny(worked, Task.Delay(Timeout.InfiniteTimeSpan, time.Token));
        patience.CancelAfter(Settling);
        await worked;
        return watch.Elapsed;
    }

    /// <summary>A hold of a customer whom nobody touches again: only the jobs can free it, and they were killed with the rest.</summary>
    private async Task ForgetHoldAsync()
    {
        var hold = await caller.AskAsync(HttpMethod.Post, "v1/holds", new { tenant = Idle, credits = "1", ttl_seconds = 1 }, idempotencyKey: Guid.NewGuid().ToString("N"));
        if (hold is { Succeeded: true }) book.Counts.Holds.Add();
        else book.Fault($"A hold was answered {hold?.Text ?? "never"}.");
        book.Counts.LeftToExpire.Add();
    }

    private Func<string> Tenant(Random random) => () => tenants[random.Next(tenants.Length)];

    /// <summary>Some that do one thing after another, each with choices of its own.</summary>
    private IEnumerable<Task> Several(string work, int many, int pause, Func<Random, Task> once) => Enumerable.Range(0, many).Select(async i =>
    {
        var random = plan.RandomOf(work, i);
        while (!time.IsCancellationRequested)
        {
            await once(random);
            await Task.Delay(random.Next(2 * pause), CancellationToken.None);
        }
    });
}
