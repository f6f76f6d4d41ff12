using Microsoft.Extensions.DependencyInjection;
using Npgsql;
using Portal.Domain.Data;
using Portal.Domain.Metering;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Revenue;
using Portal.Testing;

namespace Portal.Database.Tests.Intake;

/// <summary>A thousand input tokens of <c>small</c> are 1 credit and cost $0.001; a credit is worth 10 cents.</summary>
public sealed class RetentionTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>, IAsyncLifetime
{
    private TestPortal portal = null!;
    private long acme;

    public async Task InitializeAsync()
    {
        portal = await TestPortal.StartAsync(postgres);
        acme = await portal.AddTenantAsync("acme");
        await portal.GrantAsync(acme, 1000m, value: 100m);
    }

    public async Task DisposeAsync() => await portal.DisposeAsync();

    [Fact]
    public async Task Months_older_than_they_are_kept_leave_and_the_books_stay_whole()
    {
        await SendAsync("old", 3000);
        await SendAsync("void", 2000);
        await SendAsync("unrated", 1000, model: "unheard-of");
        await MonthsPassAsync(2);
        await SendAsync("mid", 5000);
        (await VoidAsync("void")).Succeeded.ShouldBeTrue(); // books in a later month than its event
        (await EventPartitions.RetireAsync(portal.Source)).ShouldBeEmpty();
        await MonthsPassAsync(25);
        await SendAsync("new", 1000);
        var balance = await portal.BalanceAsync(acme, "pool:shared");

        var retired = await EventPartitions.RetireAsync(portal.Source);

        retired.ShouldContain(ThisMonth);
        retired.Max().ShouldBe(ThisMonth.AddMonths(1)); // it ended 25 months ago
        (await NamesAsync()).ShouldBe("mid new");
        // 3 credits stand; 2 were given back, their cost stays: 3 + 2 tokens at $0.001; the unrated event counts as a row alone.
        (await portal.ScalarAsync("select format('%s rows, %s events, %s, %s, %s', rows, events, quantity::float8, credits::float8, cost::float8) from sealed_months where rows > 0"))
            .ShouldBe("3 rows, 1 events, 3000, 3, 0.005");
        (await portal.ScalarAsync("select sum(credits)::float8::text from sealed_postings where kind = 'void'")).ShouldBe("-2");
        (await portal.BalanceAsync(acme, "pool:shared")).ShouldBe(balance);
        (await ShouldReconcileAsync()).ShouldBe("");
        (await portal.ScalarAsync("select sum(events)::int from usage_hourly")).ShouldBe(3); // rollups stay: old, mid, new
        (await EventPartitions.RetireAsync(portal.Source)).ShouldBeEmpty();

        await MonthsPassAsync(2);
        (await EventPartitions.RetireAsync(portal.Source)).ShouldNotBeEmpty();
        (await NamesAsync()).ShouldBe("new");
        (await ShouldReconcileAsync()).ShouldBe("");
    }

    [Fact]
    public async Task A_retired_event_is_unknown_and_sent_again_too_old()
    {
        var at = DateTimeOffset.UtcNow;
        await portal.SendAsync(TestPortal.Usage("acme", "old", 3000, at: at));
        await MonthsPassAsync(27);
        (await EventPartitions.RetireAsync(portal.Source)).ShouldNotBeEmpty();

        (await VoidAsync("old")).Problem!.Code.ShouldBe("unknown_event");
        (await EventQuery.ExplainAsync(portal.Source, acme, EventIdentity.KeyOf("test", "old"), CancellationToken.None)).ShouldBeNull();
        var again = (await portal.SendAsync(TestPortal.Usage("acme", "old", 3000, at: at))).Single();
        (again.Status, again.Problem?.Code).ShouldBe((EventStatus.Rejected, "event_too_old"));
        (await portal.BalanceAsync(acme, "pool:shared")).ShouldBe(997m);
    }

    [Fact]
    public async Task A_month_with_an_open_debt_waits_and_400_days_are_kept_whatever_the_setting()
    {
        await portal.SendAsync(TestPortal.Usage("acme", "debt", 1_200_000)); // 1,200 credits: 200 owed
        await portal.ExecuteAsync("update platform set events_kept = '400 days'");
        await MonthsPassAsync(13);
        (await EventPartitions.RetireAsync(portal.Source)).ShouldNotContain(ThisMonth); // which ended some twelve months ago
        await MonthsPassAsync(3);
        (await EventPartitions.RetireAsync(portal.Source)).ShouldNotContain(ThisMonth);
        (await NamesAsync()).ShouldBe("debt");

        await portal.GrantAsync(acme, 500m, value: 50m);
        (await EventPartitions.RetireAsync(portal.Source)).ShouldNotBeEmpty();
        (await NamesAsync()).ShouldBe("");
        (await ShouldReconcileAsync()).ShouldBe("");
        await Should.ThrowAsync<PostgresException>(() => portal.ExecuteAsync("update platform set events_kept = '30 days'"));
    }

    [Fact]
    public async Task Nothing_is_retired_where_the_platform_keeps_everything_and_nobody_else_may_delete()
    {
        await SendAsync("old", 1000);
        await portal.ExecuteAsync("update platform set events_kept = null");
        await MonthsPassAsync(60);
        (await EventPartitions.RetireAsync(portal.Source)).ShouldBeEmpty();
        foreach (var table in new[] { "ratings", "event_identities", "events", "sealed_months", "sealed_postings" })
        {
            (await Should.ThrowAsync<PostgresException>(() => portal.ExecuteAsync($"begin; set local portal.retiring = 'on'; delete from {table}")))
                .SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
            (await Should.ThrowAsync<PostgresException>(() => portal.ExecuteAsOwnerAsync($"delete from {table}"))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
        }

        (await Should.ThrowAsync<PostgresException>(() => portal.ExecuteAsync("select * from retired.events_200001"))).SqlState.ShouldBe(PostgresErrorCodes.InsufficientPrivilege);
    }

    private static DateOnly ThisMonth => DateOnly.FromDateTime(DateTime.UtcNow).AddDays(1 - DateTime.UtcNow.Day);

    private async Task MonthsPassAsync(int months)
    {
        var now = (DateTime)(await portal.ScalarAsync("select now() + clock_offset from platform"))!;
        await portal.AdvanceAsync(now.AddMonths(months) - now);
        await EventPartitions.EnsureAsync(portal.Source);
    }

    private async Task SendAsync(string id, long tokens, string model = "small")
    {
        var now = (DateTime)(await portal.ScalarAsync("select now() + clock_offset from platform"))!;
        (await portal.SendAsync(TestPortal.Usage("acme", id, tokens, model: model, at: new DateTimeOffset(now)))).Single().Status.ShouldNotBe(EventStatus.Rejected);
    }

    private Task<Domain.Kernel.Result<UsageCorrection>> VoidAsync(string id) =>
        portal.Wallets.RunAsync(acme, wallet => portal.Services.GetRequiredService<UsageCorrections>().VoidAsync(wallet, "test", id, "Wrong"));

    private async Task<string> NamesAsync() => (string)(await portal.ScalarAsync("select coalesce(string_agg(event_id, ' ' order by transaction_id), '') from events"))!;

    private async Task<string> ShouldReconcileAsync() => string.Join('\n', (await new Reconciliation(portal.Source).RunAsync()).Checks
        .Where(check => !check.Ok).Select(check => $"{check.Name}: {string.Join("; ", check.Failures.Select(f => $"{f.Subject}: {f.Expected} / {f.Found}"))}"));
}
