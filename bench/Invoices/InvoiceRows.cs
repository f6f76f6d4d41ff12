using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using Portal.Bench.Running;
using Portal.Domain.Catalog;
using Portal.Domain.Data;
using Portal.Domain.Kernel;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Domain.Wallet;

namespace Portal.Bench.Invoices;

/// <summary>Invoices per second of the run that the job makes: ten thousand tenants due at once, between runs of a hundred.</summary>
internal static class InvoiceRows
{
    private const int Few = 100;

    public static async Task<IReadOnlyList<BenchRow>> MeasureAsync(BenchServer server, BenchSettings settings)
    {
        await using var domain = await DomainUnderTest.StartAsync(server, "invoices");
        var plan = JsonSerializer.Deserialize<PlanDefinition>(
            """{"name":"Pro","currency":"USD","period":"month","items":[{"key":"base","type":"flat","amount":"10.00"}]}""", PortalJson.Options)!;
        await CatalogueChange.RunAsync(domain.Source, change => Plans.PutAsync(change, "pro", plan));

        var manyDue = settings.Quick ? 1_000 : 10_000;
        await RunAsync(domain, "warm", Few); // what is used is compiled
        var (few, many) = (new List<double>(), new List<double>());
        for (var i = 0; i < 3; i++) few.Add(await RunAsync(domain, string.Create(CultureInfo.InvariantCulture, $"before{i}-"), Few));
        many.Add(await RunAsync(domain, "many", manyDue));
        for (var i = 0; i < 3; i++) few.Add(await RunAsync(domain, string.Create(CultureInfo.InvariantCulture, $"after{i}-"), Few));
        return [BenchRow.AtLeast(0.9, string.Create(CultureInfo.InvariantCulture, $"invoices, {manyDue:#,##0} tenants due at once"), many, "100 tenants due", few, "invoices/s")];
    }

    private static async Task<double> RunAsync(DomainUnderTest domain, string prefix, int count)
    {
        var wallets = domain.Get<Wallets>();
        await Parallel.ForEachAsync(await domain.AddTenantsAsync(prefix, count), new ParallelOptions { MaxDegreeOfParallelism = 4 }, async (tenant, cancellationToken) =>
        {
            var started = await wallets.RunAsync(tenant, wallet => Subscribing.StartAsync(wallet, new SubscriptionOrder("pro")), cancellationToken);
            if (!started.Succeeded) throw new InvalidOperationException(started.Problem!.Detail);
        });
        await domain.AdvanceAsync(TimeSpan.FromHours(2)); // drafts are due
        var before = await CountAsync(domain);
        var watch = Stopwatch.StartNew();
        await domain.Get<DueWallets>().SettleAsync();
        var perSecond = count / watch.Elapsed.TotalSeconds;
        if (await CountAsync(domain) - before != count) throw new InvalidOperationException("The run did not make one invoice each.");
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {count:#,##0} due: {perSecond:0.0} invoices/s"));
        return perSecond;
    }

    private static async Task<long> CountAsync(DomainUnderTest domain) =>
        (await domain.Source.ListAsync("select count(*) from invoice_documents", row => row.GetInt64(0), CancellationToken.None))[0];
}
