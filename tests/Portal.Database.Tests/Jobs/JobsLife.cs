using System.Globalization;
using System.Text.RegularExpressions;
using Portal.Domain.Data;
using Portal.Domain.Notifications;
using Portal.Jobs;
using Portal.Testing;

namespace Portal.Database.Tests.Jobs;

/// <summary>How a job is disturbed.</summary>
internal enum Disturbance
{
    /// <summary>It runs once.</summary>
    None,

    /// <summary>It runs twice, one after the other.</summary>
    Twice,

    /// <summary>It is killed at its first change, then at its second, its fourth and so on until it comes to its end, and then it runs again.</summary>
    Killed,
}

/// <summary>Fourteen months of a <see cref="JobsWorld"/>: at each stop of the clock every job runs, one of them disturbed, until nothing is left to do.</summary>
internal sealed partial class JobsLife(JobsWorld world)
{
    /// <summary>Every recurring job by the name in its schedule, in the order in which they run here.</summary>
    public static readonly IReadOnlyDictionary<string, Func<RecurringJobs, Task>> All = new Dictionary<string, Func<RecurringJobs, Task>>(StringComparer.Ordinal)
    {
        ["event-partitions"] = jobs => jobs.EnsureEventPartitionsAsync(default),
        ["settle-wallets"] = jobs => jobs.SettleWalletsAsync(default),
        ["moves"] = jobs => jobs.FinishMovesAsync(default),
        ["webhook-inbox"] = jobs => jobs.WorkOffWebhooksAsync(default),
        ["refunds"] = jobs => jobs.SendRefundsAsync(default),
        ["charges"] = jobs => jobs.ResolveChargesAsync(default),
        ["checkouts"] = jobs => jobs.RefreshCheckoutsAsync(default),
        ["top-ups"] = jobs => jobs.TopUpAsync(default),
        ["platform"] = jobs => jobs.RunPlatformAsync(default),
        ["removed-payment-methods"] = jobs => jobs.ForgetPaymentMethodsAsync(default),
        ["alerts"] = jobs => jobs.WatchAlertsAsync(default),
        ["outbox"] = jobs => jobs.DrainOutboxAsync(default),
        ["webhooks"] = jobs => jobs.SendWebhooksAsync(default),
        ["webhook-log"] = jobs => jobs.PruneWebhooksAsync(default),
        ["idempotency-keys"] = jobs => jobs.PruneIdempotencyKeysAsync(default),
        ["event-retention"] = jobs => jobs.RetireEventsAsync(default),
        ["reconciliation"] = jobs => jobs.ReconcileAsync(default),
    };

    // What was taken and not finished is tried again after a while: a while has passed.
    private const string Later = """
        update outbox set due_at = now() where done_at is null and failed_at is null;
        update webhook_inbox set due_at = now() where state = 'new';
        update refunds set due_at = now() where state = 'pending';
        update payment_attempts set due_at = now() where state in ('started', 'waiting');
        update webhook_deliveries set due_at = now() where state = 'pending';
        update webhook_endpoints set busy_until = null;
        update platform set clock_offset = clock_offset + interval '2 minutes'
        """;

    private readonly Scissors scissors = new(world.Database);
    private readonly Letterbox letterbox = new();

    /// <summary>How often a job was killed.</summary>
    public int Kills { get; private set; }

    /// <summary>Lives it; <paramref name="disturb"/> says of each job how it is disturbed.</summary>
    public async Task LiveAsync(Func<string, Disturbance> disturb)
    {
        await scissors.InstallAsync();
        await using var process = new JobProcess(world.Database, letterbox, "undisturbed");
        var stops = new (DateTimeOffset At, Func<Task>? Act)[]
        {
            (JobsWorld.Start.AddHours(3), null), // the first invoices
            (JobsWorld.Start.AddDays(9).AddHours(9), world.ActAsync),
            (JobsWorld.Start.AddDays(10).AddHours(12), null), // a hold has ended, a top-up tries again
            (JobsWorld.Start.AddMonths(1).AddDays(1).AddHours(3), null), // renewals, expiry, a case settles, usage is invoiced
            (JobsWorld.Start.AddMonths(3).AddDays(1).AddHours(3), world.EndAsync), // the commit's quarter is trued up; invoices are given up
            (JobsWorld.Start.AddMonths(14).AddDays(9), null), // January's events are retired
        };
        foreach (var (at, act) in stops)
        {
            await world.ToAsync(at);
            if (act is not null) await act();
            for (var round = 0; round < 2; round++)
            {
                foreach (var (name, run) in All) await RunAsync(process, run, round == 0 ? disturb(name) : Disturbance.None);
                await ExecuteAsync(Later);
            }
        }
    }

    /// <summary>What came of it: books, things and messages, without what differs from life to life.</summary>
    public async Task<IReadOnlyList<string>> BooksAsync()
    {
        await world.Database.DataSource.ShouldBalanceAsync();
        var books = await world.Database.DataSource.ListAsync(SqlOfBooks.All, row => row.GetString(0), CancellationToken.None);
        var mails = letterbox.Sent.Select(mail => (mail.To, mail.Subject)).Distinct().Select(mail => $"mail {mail.To} {Number().Replace(mail.Subject, "INV")}");
        var told = world.Receiver.All.DistinctBy(message => message.Id).Select(message => $"told {message.Json.GetProperty("tenant").GetString()} {message.Type}");
        return [.. books.Concat(mails).Concat(told).Order(StringComparer.Ordinal)];
    }

    private async Task RunAsync(JobProcess process, Func<RecurringJobs, Task> run, Disturbance disturbance)
    {
        if (disturbance == Disturbance.Killed) await KillAsync(run);
        for (var again = disturbance == Disturbance.Twice ? 2 : 1; again > 0; again--) await run(process.Jobs);
    }

    private async Task KillAsync(Func<RecurringJobs, Task> run)
    {
        for (var change = 1L; ; change *= 2)
        {
            await scissors.ArmAsync(change);
            Exception? died;
            await using (var mortal = new JobProcess(world.Database, letterbox))
            {
                died = await Record.ExceptionAsync(() => run(mortal.Jobs));
            }

            var killed = await scissors.HaveCutAsync();
            await scissors.ArmAsync(at: null);
            if (!killed)
            {
                died.ShouldBeNull();
                return;
            }

            Kills++;
            await ExecuteAsync(Later);
        }
    }

    private async Task ExecuteAsync(string sql)
    {
        await using var command = world.Database.DataSource.CreateCommand(sql);
        await command.ExecuteNonQueryAsync();
    }

    [GeneratedRegex("INV-[0-9]+", RegexOptions.ExplicitCapture, 1000)]
    private static partial Regex Number();

    private sealed class Letterbox : IMailTransport
    {
        private readonly Lock door = new();
        private readonly List<Mail> sent = [];

        public bool IsPickupFolder => false;

        public IReadOnlyList<Mail> Sent => sent;

        public Task SendAsync(Mail mail, CancellationToken cancellationToken = default)
        {
            lock (door) sent.Add(mail);
            return Task.CompletedTask;
        }
    }
}
