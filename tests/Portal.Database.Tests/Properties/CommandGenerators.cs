using CsCheck;

namespace Portal.Database.Tests.Properties;

/// <summary>Random commands: many small and round figures, so that limits are met exactly, and some with all their decimals.</summary>
internal static class CommandGenerators
{
    private static readonly Gen<int> Tenant = Gen.Int[0, 2];
    private static readonly Gen<string> Pool = Of("shared", "shared", "shared", "team", "team", "solo", "lab");
    private static readonly Gen<string?> NamedPool = Of<string?>(null, null, "shared", "team", "solo", "lab");
    private static readonly Gen<string> Product = Of("text", "text", "image");
    private static readonly Gen<string?> Consumer = Of<string?>(null, "ann", "ben", "cid");
    private static readonly Gen<decimal> Credits = Gen.Frequency(
        (3, Gen.Int[1, 20].Select(whole => (decimal)whole)), (2, Gen.Int[1, 30_000_000].Select(millionths => millionths / 1_000_000m)));

    /// <summary>Seconds, minutes, hours, days, months.</summary>
    private static readonly Gen<int> Seconds = Gen.Frequency(
        (3, Gen.Int[1, 120]), (3, Gen.Int[1, 90].Select(minutes => minutes * 60)), (3, Gen.Int[1, 48].Select(hours => hours * 3600)),
        (1, Gen.Int[1, 45].Select(days => days * 86_400)));

    private static readonly Gen<int?> Sometimes = Gen.Select(Gen.Int[0, 2], Seconds, (some, seconds) => some == 0 ? (int?)seconds : null);
    private static readonly Gen<int?> Mostly = Gen.Select(Gen.Int[0, 3], Seconds, (none, seconds) => none == 0 ? (int?)null : seconds);
    private static readonly Gen<string> Source = Gen.Frequency((6, Gen.Const("purchase")), (2, Gen.Const("promotion")), (1, Gen.Const("adjustment")));

    private static readonly Gen<Command> Grant = Gen.Select(Tenant, Pool, Credits, Gen.Int[0, 3], Source, Gen.Select(Gen.Int[0, 2], Gen.Int[0, 6]), Sometimes, Mostly)
        .Select((t, pool, credits, price, source, terms, starts, lasts) =>
            (Command)new GrantCommand(t, pool, credits, source == "purchase" ? price : price / 3, source, 50 + (terms.Item1 * 10), terms.Item2, starts, lasts));

    private static readonly Gen<Usage> Usage = Gen.Select(NamedPool, Product, Consumer, Credits, (pool, product, consumer, credits) => new Usage(pool, product, consumer, credits));
    private static readonly Gen<int> Late = Gen.Frequency((8, Gen.Const(0)), (2, Seconds), (1, Gen.Int[-400, -310]));

    private static readonly Gen<string?> MaybeProduct = Of<string?>(null, "text", "image");
    private static readonly Gen<decimal> Amount = Gen.Frequency((1, Gen.Const(0m)), (9, Credits));
    private static readonly Gen<int> Minutes = Gen.Frequency((1, Gen.Int[1, 60]), (3, Gen.Int[60, 7200]));
    private static readonly Gen<Share?> SomeShare = Of<Share?>(null, null, Share.Half, Share.All, Share.TooMuch);

    private static readonly Gen<string?> Exhaustion = Of<string?>(null, "block", "overage", "overage");
    private static readonly Gen<decimal?> Cap = Of<decimal?>(null, null, 0m, 1m, 5m, 5m, 12.5m);

    private static readonly Gen<int?> Anchor = Gen.Select(Gen.Int[0, 1], Gen.Int[1, 31], (none, day) => none == 0 ? (int?)null : day);
    private static readonly Gen<int?> Trial = Gen.Select(Gen.Int[0, 2], Gen.Int[1, 20 * 24], (some, hours) => some == 0 ? hours * 3600 : (int?)null);

    private static Gen<T> Of<T>(params T[] values) => Gen.Int[0, values.Length - 1].Select(i => values[i]);

    private static readonly Gen<Command> Common = Gen.Frequency(
        (6, Grant),
        (4, Gen.Select(Tenant, Pool, Of(PackForSale.All), Command (t, pool, pack) => new BuyCommand(t, pool, pack))),
        (12, Gen.Select(Tenant, Usage, Late, Command (t, usage, ago) => new UseCommand(t, [usage], ago))),
        (2, Gen.Select(Tenant, Usage.Array[2, 5], Late, Command (t, usages, ago) => new UseCommand(t, [.. usages.Select(usage => usages[0] with { Credits = usage.Credits })], ago))),
        (1, Gen.Select(Tenant, Gen.Int[0, 30], Gen.Bool, Command (t, which, changed) => new RepeatCommand(t, which, changed))),
        (7, Gen.Select(Tenant, Consumer, NamedPool, MaybeProduct, Amount, SomeShare, Minutes, Command (t, consumer, pool, product, credits, share, seconds) =>
            new HoldCommand(t, consumer, pool, product, credits, share, seconds))),
        (2, Gen.Select(Tenant, Gen.Int[0, 4], Amount, Minutes, Gen.Int[0, 3], Command (t, which, credits, seconds, kind) =>
            new ChangeHoldCommand(t, which, kind is 1 or 3 ? credits : null, kind is 2 or 3 ? seconds : null))),
        (5, Gen.Select(Tenant, Gen.Int[0, 4], Gen.Int[0, 6], Usage, Late, Command (t, which, kind, usage, ago) =>
            new CaptureCommand(t, which, kind, usage with { Credits = Math.Min(usage.Credits, 25m) }, ago))),
        (3, Gen.Select(Tenant, Of("ann", "ben", "cid"), Pool, Amount, Of<string?>("day", "week", "month", "quarter", "lifetime", null), Gen.Int[0, 3], Command (t, consumer, pool, credits, period, soft) =>
            new AllowanceCommand(t, consumer, pool, credits, period, soft > 0))),
        (3, Gen.Select(Tenant, Gen.Int[0, 11], Gen.Int[0, 3], Command (t, which, never) => new VoidCommand(t, which, never > 0))),
        (3, Gen.Select(Tenant, Gen.Int[0, 11], Credits, SomeShare, Command (t, which, credits, share) => new AmendCommand(t, which, credits, share))),
        (1, Gen.Select(Gen.Int[0, 4], Gen.Bool, Command (rarely, regrants) => rarely > 0 ? new SettleCommand(0) : new RegrantCommand(regrants))),
        (1, Tenant.Select(Command (t) => new SettleCommand(t))),
        (4, Gen.Select(Tenant, Pool, Pool, Credits, SomeShare, Command (t, from, to, credits, share) => new TransferCommand(t, from, to, credits, share))),
        (1, Gen.Select(Tenant, Gen.Int[0, 5], Command (t, which) => new UndoTransferCommand(t, which))),
        (1, Gen.Select(Tenant, Pool, Gen.Bool, Gen.Bool, Command (t, pool, overflows, change) => new PoolCommand(t, pool, overflows, change))),
        (1, Gen.Select(Tenant, Gen.Int[0, 3], Command (t, rarely) => rarely == 0 ? new ClosePoolCommand(t, "team") : rarely == 1 ? new ClosePoolCommand(t, "lab") : new SettleCommand(t))),
        (6, Seconds.Select(Command (seconds) => new ClockCommand(seconds))));

    /// <summary>All kinds of commands, plans and money given back among them.</summary>
    public static readonly Gen<Command> Any = Gen.Frequency(
        (60, Common),
        (9, GivenBackGenerators.Any(Tenant)),
        (4, Gen.Select(Tenant, Of(PlainPlan.All), Of<string?>(null, "overage", "overage"), Cap, Anchor, Trial, Command (t, plan, exhaustion, cap, anchor, trial) =>
            new SubscribeCommand(t, plan, exhaustion, cap, anchor, trial))),
        (4, Gen.Select(Tenant, Of<string?>(null, null, null, null, "now", "period_end", "period_end", "none"), Exhaustion, Gen.Bool, Cap, Command (t, cancel, exhaustion, sets, cap) =>
            new ChangeSubscriptionCommand(t, cancel, exhaustion, sets, cap))),
        (3, Gen.Int[5, 45].Select(Command (days) => new ClockCommand(days * 86_400))));
}
