using Microsoft.AspNetCore.Identity;
using Npgsql;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Subscriptions;
using Portal.Domain.Tenants;
using Portal.Domain.Wallet;

namespace Portal.Web.Hosting.Seed;

/// <summary>
/// Makes the company of the demo with a month behind it, through the commands that everybody uses: people, pools, teams, packs, usage.
/// On an empty database business time starts a month ago and catches up, so that the ledger has a past and not a pile at one instant.
/// </summary>
internal sealed class DemoCompany(NpgsqlDataSource source, Wallets wallets, UsageIntake intake, IServiceScopeFactory scopes)
{
    public const string Key = "demo";
    private const int Days = 30;

    /// <summary>Makes it unless it is there already; one process at a time.</summary>
    public async Task EnsureAsync(CancellationToken cancellationToken)
    {
        await DemoCatalogue.EnsureAsync(source, cancellationToken);
        await using var alone = await source.OpenConnectionAsync(cancellationToken);
        await alone.ExecuteAsync("select pg_advisory_lock(hashtextextended('demo seed', 0))", cancellationToken);
        try
        {
            // Only a seed that was cut off leaves business time in the past.
            await alone.ExecuteAsync("update platform set clock_offset = '0' where clock_offset < '0'", cancellationToken);
            if ((await alone.ListAsync("select 1 from tenants where key = $1", row => row.GetInt32(0), cancellationToken, Key)).Count > 0) return;
            await MakeAsync(alone, cancellationToken);
        }
        finally
        {
            await alone.ExecuteAsync("select pg_advisory_unlock(hashtextextended('demo seed', 0))", CancellationToken.None);
        }
    }

    private async Task MakeAsync(NpgsqlConnection alone, CancellationToken cancellationToken)
    {
        var people = await AddPeopleAsync();
        var (now, untouched) = (await alone.ListAsync(
            "select now() + clock_offset, clock_offset = '0' and not exists (select from tenants) from platform",
            row => (row.GetFieldValue<DateTimeOffset>(0), row.GetBoolean(1)), cancellationToken))[0];
        var start = now.AddDays(-Days);
        async Task TimeIsAsync(DateTimeOffset instant)
        {
            if (untouched) await alone.ExecuteAsync("update platform set clock_offset = least($1 - clock_timestamp(), '0')", cancellationToken, instant);
        }

        try
        {
            await TimeIsAsync(start);
            var tenant = await OpenAsync(people, cancellationToken);
            var usage = new DemoUsage(Key);
            for (var day = 0; day < Days; day++)
            {
                var (from, until) = (start.AddDays(day), start.AddDays(day + 1));
                await TimeIsAsync(from);
                await BuyAsync(tenant, day, now, cancellationToken);
                await TimeIsAsync(until);
                Must(await intake.TakeAsync(usage.Day(from, until, 0.7m + (day * 0.6m / Days)), tenant, cancellationToken));
            }
        }
        finally
        {
            if (untouched) await alone.ExecuteAsync("update platform set clock_offset = '0'", CancellationToken.None);
        }
    }

    private async Task<Dictionary<MemberRole, Guid>> AddPeopleAsync()
    {
        await using var scope = scopes.CreateAsyncScope();
        var users = scope.ServiceProvider.GetRequiredService<UserManager<PortalUser>>();
        var ids = new Dictionary<MemberRole, Guid>();
        foreach (var person in DemoPeople.All)
        {
            if (await users.FindByEmailAsync(person.Email) is not { } user)
            {
                user = new PortalUser
                {
                    UserName = person.Email,
                    Email = person.Email,
                    EmailConfirmed = true,
                    DisplayName = person.Name,
                    OperatorRole = person.OperatorRole,
                };
                var made = await users.CreateAsync(user, DemoPeople.Password);
                if (!made.Succeeded) throw new InvalidOperationException($"The demo's user is refused: {made.Errors.First().Description}");
            }

            if (person.Role is { } role) ids[role] = user.Id;
        }

        return ids;
    }

    private async Task<long> OpenAsync(Dictionary<MemberRole, Guid> people, CancellationToken cancellationToken)
    {
        var tenant = Must(await PlatformTransaction.RunAsync<long>(
            source,
            async platform =>
            {
                platform.Actor = "seed";
                var opened = await Onboarding.OpenAsync(platform, Key, new TenantDefinition("Acme Robotics", "USD", "Europe/London"), cancellationToken)
                    ?? throw new InvalidOperationException("The demo's tenant was made meanwhile.");
                foreach (var person in DemoPeople.All.Where(person => person.Role is not null))
                    await Members.AddAsync(platform, opened.Id, people[person.Role!.Value], person.Email, person.Role.Value, cancellationToken);
                return opened.Id;
            },
            cancellationToken));
        foreach (var (key, name) in new[] { ("research", "Research"), ("support", "Support") })
        {
            await RunAsync(tenant, wallet => PoolSettings.OpenAsync(wallet, key, name, "team", "shared", cancellationToken), cancellationToken);
            await RunAsync(tenant, wallet => TeamSettings.PutAsync(wallet, key, name, key, cancellationToken), cancellationToken);
        }

        foreach (var (key, name, team) in new[] { ("ana", "Ana Ruiz", "research"), ("ben", "Ben Okafor", "research"), ("chat-widget", "Chat widget", "support"), ("ticket-triage", "Ticket triage", "support") })
            await RunAsync(tenant, wallet => ConsumerSettings.PutAsync(wallet, key, name, pool: null, team, cancellationToken), cancellationToken);
        await RunAsync(tenant, wallet => ConsumerSettings.PutAsync(wallet, "code-review", "Code review", pool: null, team: null, cancellationToken), cancellationToken);
        foreach (var (consumer, pool, limit, mode) in new[] { ("ana", "research", 6_000m, "hard"), ("ticket-triage", "support", 100m, "soft"), ("code-review", Pool.SharedKey, 5_000m, "hard") })
            await RunAsync(tenant, wallet => AllowanceSettings.PutAsync(wallet, consumer, pool, limit, "month", mode, cancellationToken), cancellationToken);
        return tenant;
    }

    // What the company bought and was given, by day.
    private async Task BuyAsync(long tenant, int day, DateTimeOffset now, CancellationToken cancellationToken)
    {
        switch (day)
        {
            case 0:
                await BuyPackAsync(tenant, "growth", Pool.SharedKey, cancellationToken);
                await BuyPackAsync(tenant, "starter", "support", cancellationToken);
                var plan = new SubscriptionOrder(DemoCatalogue.TeamPlan) { Quantities = new Dictionary<string, decimal>(StringComparer.Ordinal) { ["seats"] = 8m } };
                await RunAsync(tenant, wallet => Subscribing.StartAsync(wallet, plan, cancellationToken), cancellationToken);
                break;
            case 2:
                await RunAsync(tenant, wallet => PayAsync(wallet, cancellationToken), cancellationToken);
                break;
            case 9:
                await BuyPackAsync(tenant, "starter", "research", cancellationToken);
                break;
            case 14:
                await BuyPackAsync(tenant, "scale", Pool.SharedKey, cancellationToken);
                break;
            case 27:
                await RunAsync(
                    tenant,
                    wallet => Grants.CreateAsync(
                        wallet,
                        new GrantOrder(500m, Pool.SharedKey, GrantSource.Promotion, null, null, null, Priority: 90, ExpiresAt: now.AddDays(4), Reason: "Autumn promotion"),
                        cancellationToken),
                    cancellationToken);
                break;
        }
    }

    // By bank transfer, so that nobody has to leave a card.
    private static async Task<Result<Done>> PayAsync(WalletTransaction wallet, CancellationToken cancellationToken)
    {
        foreach (var invoice in await InvoiceQuery.ListAsync(wallet.Connection, wallet.TenantId, InvoiceState.Open, 10, after: null, cancellationToken))
        {
            var paid = await BankTransfer.RecordAsync(wallet, new BankTransfer(invoice.AmountDue, $"Transfer for {invoice.Number}", invoice.Id), cancellationToken);
            if (paid.Problem is { } problem) return problem;
        }

        return default(Done);
    }

    private Task BuyPackAsync(long tenant, string key, string pool, CancellationToken cancellationToken)
    {
        var pack = DemoCatalogue.PacksForSale[key];
        return RunAsync(
            tenant,
            wallet => Grants.BuyPackAsync(
                wallet,
                new PackPurchase(
                    pool, pack.Credits!.Value, pack.BonusCredits ?? 0m, pack.Price!.Value.Amount!.Value, Tax: 0m, "USD", "sandbox",
                    PublicId.Format(PublicId.Checkout, tenant, Uuid7.At(wallet.Now)), Priority: 50, wallet.Now.AddYears(1), Products: null, pack.Name!),
                cancellationToken),
            cancellationToken);
    }

    private async Task RunAsync<T>(long tenant, Func<WalletTransaction, Task<Result<T>>> command, CancellationToken cancellationToken) =>
        Must(await wallets.RunAsync(
            tenant,
            wallet =>
            {
                wallet.Actor = "seed";
                return command(wallet);
            },
            cancellationToken));

    private static T Must<T>(Result<T> result) =>
        result.Problem is { } problem ? throw new InvalidOperationException($"The demo is refused: {problem.Code}: {problem.Detail}") : result.Value;
}
