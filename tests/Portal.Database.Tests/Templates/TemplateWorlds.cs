using Portal.Database.Tests.Counters;
using Portal.Database.Tests.Invoicing;
using Portal.Domain.Catalog;
using Portal.Domain.Catalog.Templates;
using Portal.Domain.Data;
using Portal.Domain.Invoicing;
using Portal.Domain.Kernel;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Pricing;
using Portal.Domain.Subscriptions;
using Portal.Domain.Wallet;
using Portal.Testing;

namespace Portal.Database.Tests.Templates;

/// <summary>A world whose catalogue came from a template, and whose platform sells.</summary>
internal static class TemplateWorlds
{
    /// <summary>The template loaded, and the tenant subscribed to a plan from the start of the clock, when one is named.</summary>
    public static async Task<MeterWorld> StartAsync(
        PostgresFixture postgres, string template, string? plan = null, string start = "2030-01-01T00:00:00Z", SubscriptionOrder? order = null)
    {
        var world = await MeterWorld.StartAsync(postgres, start: start);
        (await world.LoadAsync(template)).Present.ShouldBeEmpty();
        await world.Portal.SellAsync();
        if (order is not null || plan is not null) await world.SubscribeAsync(order ?? new SubscriptionOrder(plan!, MeterWorld.At(start)));
        return world;
    }

    public static Task<Result<TemplateLoaded>> TryLoadAsync(this MeterWorld world, CatalogueTemplate template) =>
        CatalogueChange.RunAsync(world.Portal.Source, change => CatalogueTemplates.LoadAsync(change, template));

    public static async Task<TemplateLoaded> LoadAsync(this MeterWorld world, string template)
    {
        var loaded = await world.TryLoadAsync(CatalogueTemplates.Find(template).Value);
        loaded.Succeeded.ShouldBeTrue(loaded.Problem?.ToString());
        return loaded.Value;
    }

    /// <summary>Sells a pack outside the portal, on the terms that the catalogue has for it.</summary>
    public static async Task<Grant> BuyAsync(this MeterWorld world, string key, string? pool = null)
    {
        var pack = (await Packs.FindAsync(world.Portal.Source, key))!;
        var bought = await world.Portal.Wallets.RunAsync(world.Tenant, wallet => Grants.CreateAsync(wallet, new GrantOrder(
            pack.Credits!.Value.Amount, pool, GrantSource.Purchase, pack.Definition.Price!.Value.Amount, CostBasis: null, "USD", pack.Priority, EffectiveAt: null,
            pack.ExpiresAfter?.AddTo(wallet.Now, TimeZoneInfo.Utc), pack.Products)));
        bought.Succeeded.ShouldBeTrue(bought.Problem?.ToString());
        return bought.Value;
    }

    /// <summary>Sends one event, which must be accepted; answers the credits it drew.</summary>
    public static async Task<decimal> TakeAsync(this MeterWorld world, string type, string data, string? at = null, string? id = null)
    {
        var taken = await world.SendAsync(type, data, at, id);
        taken.Status.ShouldBe(EventStatus.Accepted);
        return taken.Credits;
    }

    /// <summary>Finalised invoices with their lines, the oldest first.</summary>
    public static async Task<List<Invoice>> AllInvoicesAsync(this MeterWorld world)
    {
        var invoices = new List<Invoice>();
        foreach (var invoice in (await world.InvoicesAsync()).OrderBy(invoice => invoice.BillAt)) invoices.Add(await world.InvoiceAsync(invoice));
        return invoices;
    }

    /// <summary>A line as a test's table has it: <c>kind description | quantity × unit = amount</c>.</summary>
    public static string[] Lines(this Invoice invoice) =>
        [.. invoice.Lines.Select(line => FormattableString.Invariant($"{line.Kind} {line.Description} | {line.Quantity:0.#########} × {line.UnitAmount:0.###############} = {line.Amount:0.00}"))];

    /// <summary>What the platform owes a vendor, by its cost cards.</summary>
    public static async Task<decimal> CostAsync(this MeterWorld world, string vendor = "compute") => -await world.BalanceAsync($"accrued_cost:{vendor}", "USD");

    /// <summary>What has been earned on an account of revenue.</summary>
    public static async Task<decimal> RevenueAsync(this MeterWorld world, string of = "usage") => -await world.BalanceAsync($"revenue:{of}", "USD");
}
