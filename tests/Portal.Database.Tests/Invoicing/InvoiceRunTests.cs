using System.Globalization;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Invoicing;

/// <summary>Many tenants due at once: each gets exactly one invoice and the numbers have no gaps, whatever breaks on the way.</summary>
public sealed class InvoiceRunTests(PostgresFixture postgres) : IClassFixture<PostgresFixture>
{
    private const int Tenants = 60;

    [Fact]
    public async Task A_run_that_breaks_off_in_the_middle_and_runs_twice_at_once_makes_one_invoice_each()
    {
        await using var portal = await TestPortal.StartAsync(postgres);
        await portal.SellAsync();
        var plan = JsonSerializer.Deserialize<PlanDefinition>(
            """{"name":"Pro","currency":"USD","period":"month","items":[{"key":"base","type":"flat","amount":"10.00"}]}""", PortalJson.Options)!;
        (await CatalogueChange.RunAsync(portal.Source, change => Plans.PutAsync(change, "pro", plan))).Succeeded.ShouldBeTrue();
        for (var i = 0; i < Tenants; i++)
        {
            var tenant = await portal.AddTenantAsync(string.Create(CultureInfo.InvariantCulture, $"t{i}"));
            (await portal.Wallets.RunAsync(tenant, wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("pro")))).Succeeded.ShouldBeTrue();
        }

        await portal.AdvanceAsync(TimeSpan.FromHours(2));
        var run = portal.Services.GetRequiredService<DueWallets>();

        // Every third tenant's transaction fails after its number was reserved, and the run is broken off while it stands still at another's.
        await portal.ExecuteAsOwnerAsync("""
            create function fail_some() returns trigger language plpgsql as $$ begin
              if new.tenant_id % 3 = 0 then raise exception 'broken'; end if;
              if new.tenant_id = 31 then perform pg_advisory_xact_lock(4711); end if;
              return new;
            end $$;
            create trigger fail_some before insert on invoice_documents for each row execute function fail_some();
            """);
        await using (var gate = await portal.Source.OpenConnectionAsync())
        using (var broken = new CancellationTokenSource())
        {
            await gate.ListAsync("select pg_advisory_lock(4711)::text", _ => 0, CancellationToken.None);
            var running = run.SettleAsync(broken.Token);
            while (!running.IsCompleted && (long)(await portal.ScalarAsync("select count(*) from pg_locks where locktype = 'advisory' and not granted"))! == 0L) await Task.Delay(20);
            await broken.CancelAsync();
            await Should.ThrowAsync<OperationCanceledException>(() => running);
        }

        (await CountAsync(portal)).ShouldBeInRange(0L, 39L); // neither those that failed nor the one that stood still
        (await portal.ScalarAsync("select count(*) from due_runs where finished_at is null")).ShouldBe(1L);
        await portal.ExecuteAsOwnerAsync("drop trigger fail_some on invoice_documents");
        await Task.WhenAll(run.SettleAsync(), run.SettleAsync());
        (await portal.ScalarAsync("select count(*) filter (where finished_at is null) || ' ' || sum(invoices) from due_runs")).ShouldBe($"0 {Tenants}");

        (await portal.ScalarAsync("select count(distinct tenant_id) from invoice_documents")).ShouldBe((long)Tenants);
        (await CountAsync(portal)).ShouldBe(Tenants);
        (await portal.ScalarAsync("select string_agg(number::text, ',' order by number) from invoice_numbers"))
            .ShouldBe(string.Join(',', Enumerable.Range(1, Tenants).Select(number => number.ToString(CultureInfo.InvariantCulture))));
        (await portal.ScalarAsync("select sum(balance) from ledger_accounts where account = 'receivable'")).ShouldBe(10m * Tenants);
        await portal.Source.ShouldBalanceAsync();
    }

    private static async Task<long> CountAsync(TestPortal portal) => (long)(await portal.ScalarAsync("select count(*) from invoice_documents"))!;
}
