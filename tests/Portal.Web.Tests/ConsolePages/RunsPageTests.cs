using Bunit;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Wallet;
using Portal.Testing;
using Portal.Web.Components.ConsolePages.Work;
using Portal.Web.Tests.TenantPages;

namespace Portal.Web.Tests.ConsolePages;

public sealed class RunsPageTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const string Id = "0199aaaa-0000-7000-8000-000000000001";

    [Fact]
    public async Task A_run_shows_how_far_it_is_and_when_it_is_done()
    {
        await using var site = await Site.OpenAsync(postgres);
        var page = site.Render<RunsPage>();
        page.WaitForAssertion(() => page.Find(".empty-state-title").TextContent.ShouldBe("Nothing fell due yet"));

        // Four wallets: one that made two invoices, one that failed, two that wait.
        await site.Portal.ExecuteAsync($"""
            insert into due_runs (id, due_until) values ('{Id}', '2030-01-01');
            insert into due_run_tenants (tenant_id, run_id, state, invoices, error) values ({site.Tenant}, '{Id}', 'failed', 0, 'The disk is full.'),
              ({site.Tenant} + 1, '{Id}', 'done', 2, null), ({site.Tenant} + 2, '{Id}', 'waiting', 0, null), ({site.Tenant} + 3, '{Id}', 'waiting', 0, null)
            """);
        page = site.Render<RunsPage>();
        page.WaitForAssertion(() => page.Find(".operation-head").TextContent.ShouldContain("1 of 4 wallets settled, 2 invoices made, 1 failed"));
        page.WaitForAssertion(() => page.Find("td[data-label=Why]").TextContent.ShouldBe("The disk is full."));
        page.WaitForAssertion(() => page.Find("td[data-label=State]").TextContent.ShouldBe("Running"));

        await site.Portal.ExecuteAsync($"update due_runs set finished_at = now(), wallets = 4, failed = 1, invoices = 2; delete from due_run_tenants where state <> 'failed'");
        page.WaitForAssertion(() => page.Find(".operation-head").TextContent.ShouldContain("3 of 4 wallets settled, 2 invoices made, 1 failed"));
        page.Find(".operation-head .badge").TextContent.ShouldBe("Done, with failures");
    }

    [Fact]
    public async Task A_wallet_that_fails_is_shown_with_its_reason_and_tried_again()
    {
        await using var site = await Site.OpenAsync(postgres);
        await site.Portal.GrantAsync(site.Tenant, 5m, expiresAt: DateTimeOffset.UtcNow.AddHours(1));
        await site.Portal.AdvanceAsync(TimeSpan.FromHours(2));
        await site.Portal.ExecuteAsOwnerAsync("""
            create function fail() returns trigger language plpgsql as $$ begin raise exception 'broken'; end $$;
            create trigger fail before insert on ledger_transactions for each row execute function fail()
            """);
        var due = site.Portal.Services.GetRequiredService<DueWallets>();

        (await due.SettleAsync()).ShouldBe(0);

        var run = (await DueRun.ListAsync(site.Portal.Source, before: null, 10)).ShouldHaveSingleItem();
        (run.Wallets, run.Done, run.Failed).ShouldBe((1, 0, 1));
        var page = site.Render<RunsPage>(parameters => parameters.Add(one => one.Run, run.Id.ToString("N")));
        page.WaitForAssertion(() => page.Find("td[data-label=Why]").TextContent.ShouldContain("broken"));

        await site.Portal.ExecuteAsOwnerAsync("drop trigger fail on ledger_transactions");
        (await due.SettleAsync()).ShouldBe(1);
        (await due.SettleAsync()).ShouldBe(0); // nothing is due: no run
        (await DueRun.ListAsync(site.Portal.Source, before: null, 10)).Select(one => (one.Done, one.Failed)).ShouldBe([(1, 0), (0, 1)]);
        await site.Portal.Source.ShouldBalanceAsync();
    }
}
