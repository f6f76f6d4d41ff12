using Microsoft.Extensions.DependencyInjection;
using Portal.Domain.Payments;
using Portal.Domain.Wallet;

namespace Portal.Database.Tests.Properties;

/// <summary>An operator grants credits.</summary>
internal sealed record GrantCommand(int Tenant, string Pool, decimal Credits, int Price, string Source, int Priority, int Products, int? StartsIn, int? LastsFor)
    : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        var value = Math.Round(Credits * Price / 300m, 9);
        var products = ProductsOf(Products);
        DateTimeOffset? from = StartsIn is { } wait ? scene.Clock.AddSeconds(wait) : null;
        DateTimeOffset? until = LastsFor is { } span ? scene.Clock.AddSeconds(span + (StartsIn ?? 0)) : null;
        var order = new GrantOrder(Credits, Pool, Source, value, CostBasis: null, Currency: null, Priority, from, until, products);
        var granted = await scene.World.Wallets.RunAsync(scene.Id, wallet => Grants.CreateAsync(wallet, order));
        return Step.Of(
            $"{scene} is granted {Credits} credits worth {value} ({Source}, priority {Priority}) in {Pool}{For(products)}"
            + (from is null ? "" : $", from {from:u}") + (until is null ? "" : $", until {until:u}"),
            granted,
            now => scene.Model.Grant(Pool, Credits, value, Source, Priority, products, from, until, now));
    }
}

/// <summary>A customer buys a pack in the sandbox and pays.</summary>
internal sealed record BuyCommand(int Tenant, string Pool, PackForSale Pack) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        var sentence = $"{scene} buys pack {Pack.Key} ({Pack.Credits} + {Pack.Bonus} credits for {Pack.Price}) into {Pool}";
        var started = await scene.World.Services.GetRequiredService<Checkouts>().StartAsync(new CheckoutOrder(scene.Id, Pack.Key, PropertyWorld.Address, Pool: Pool));
        if (!started.Succeeded) return Step.Of(sentence, started, _ => scene.Model.Trouble(Pool) ?? "ok");
        var payment = await scene.World.PayAsync(started.Value, Pack.Tax);
        return Step.Of(sentence, started, now =>
        {
            var until = Pack.Days is { } days ? PlainCalendar.AddDays(now, days, scene.Model.Zone) : (DateTimeOffset?)null;
            var bought = scene.Model.Buy(Pool, Pack, until, now);
            scene.Model.Sales[^1].Payment = payment;
            return bought;
        });
    }
}

/// <summary>Nothing but a look: what is due is settled.</summary>
internal sealed record SettleCommand(int Tenant) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene) => Step.Of(
        $"{scene} is settled",
        await scene.World.Wallets.SettleAsync(scene.Id),
        _ => "ok");
}

/// <summary>Business time passes for everybody.</summary>
internal sealed record ClockCommand(int Seconds) : Command(Tenant: 0)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        await scene.World.AdvanceAsync(Seconds);
        return new Step($"{Span(Seconds)} pass", "", Refused: false, _ => "");
    }
}
