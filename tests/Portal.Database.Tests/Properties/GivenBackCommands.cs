using CsCheck;
using Portal.Domain.Kernel;
using Portal.Domain.Payments;
using Portal.Domain.Payments.GivenBack;

namespace Portal.Database.Tests.Properties;

/// <summary>What a refund asks for.</summary>
internal enum Asked
{
    Credits,
    Money,
    All,
}

/// <summary>Somebody asks for a refund: of a payment, or of any grant there is; of so many credits, so much money, or a share of what there is.</summary>
internal sealed record RefundCommand(int Tenant, int Which, bool OfGrant, Asked Asked, decimal Credits, Share? Share) : Command(Tenant)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        var sale = ReportCommand.Pick(scene, Which);
        var known = scene.Model.Grants.Where(grant => grant.Id is not null).ToArray();
        if (OfGrant ? known.Length == 0 : sale is null) return new Step($"{scene} has nothing to refund", "", Refused: true, _ => "");
        var grant = OfGrant ? known[Which % known.Length] : sale!.Root;
        decimal? credits = Asked == Asked.Credits ? TransferCommand.Of(scene.Model.UnspentOf(grant), Credits, Share) : null;
        decimal? money = Asked == Asked.Money ? Cents(sale is null ? 0m : TransferCommand.Of(sale.Left, Credits / 7m, Share)) : null;
        var order = new RefundOrder(
            OfGrant ? null : sale!.Payment.Ours, OfGrant ? PublicId.Format(PublicId.Grant, scene.Id, grant.Id!.Value) : null, credits, money, "asked");
        var answer = await scene.World.Wallets.RunAsync(scene.Id, wallet => Refunds.AskAsync(wallet, order));
        return Step.Of(
            $"{scene} asks for {(credits is { } some ? $"{some} credits" : money is { } much ? $"${much}" : "all")} of {(OfGrant ? StoredGrant.TermsOf(grant) : ReportCommand.Name(scene, sale!))} back",
            answer,
            now =>
            {
                var told = scene.Model.Refund(grant, credits, money, now, out var asked);
                if (answer.Succeeded && asked is not null) asked.Id = answer.Value.PublicId;
                return told;
            });
    }

    private static decimal Cents(decimal amount) => Math.Max(0.01m, Math.Round(amount, 2, MidpointRounding.ToPositiveInfinity));
}

/// <summary>A provider reports how a payment stands now.</summary>
internal abstract record ReportCommand(int Tenant, int Which) : Command(Tenant)
{
    /// <summary>One of the payments, or null.</summary>
    public static PlainSale? Pick(Scene scene, int which) => scene.Model.Sales.Count == 0 ? null : scene.Model.Sales[^(1 + (which % scene.Model.Sales.Count))];

    public static string Name(Scene scene, PlainSale sale) => $"payment {scene.Model.Sales.IndexOf(sale) + 1} of {sale.Total}";

    /// <summary>A share of an amount in cents; 1 to 100 percent, all of it from 70 on.</summary>
    protected static decimal Part(decimal most, int percent) => percent >= 70 ? most : PlainSale.Cents(most * percent / 100m);

    protected static async Task<Step> ReportAsync(
        Scene scene, PlainSale sale, string what, Func<DateTimeOffset, string> onModel,
        decimal refunded = 0m, decimal disputed = 0m, decimal reinstated = 0m, IReadOnlyList<RefundReport>? refunds = null)
    {
        var report = new PaymentReport(
            sale.Payment.Provider, Reference: null, Domain.Kernel.Currency.Of("USD"), sale.Total, sale.Refunded + refunded, sale.Disputed + disputed, Failure: null,
            sale.Reinstated + reinstated, refunds);
        sale.Reports.Add(report);
        return Step.Of($"{scene}, {Name(scene, sale)}: {what}", await scene.World.ReportAsync(report), onModel);
    }

    protected static Step Nothing(Scene scene) => new($"{scene} has no such payment", "", Refused: true, _ => "");
}

/// <summary>A refund that was asked for succeeds or fails.</summary>
internal sealed record RefundOutcomeCommand(int Tenant, int Which, bool Fails) : ReportCommand(Tenant, Which)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        var pending = scene.Model.Sales.SelectMany(sale => sale.Pending, (sale, refund) => (Sale: sale, Refund: refund)).ToArray();
        if (pending.Length == 0) return Nothing(scene);
        var (sale, refund) = pending[Which % pending.Length];
        var fails = Fails || sale.Refunded + refund.Amount > sale.Total;
        return await ReportAsync(
            scene, sale, $"the refund of {refund.Amount} {(fails ? "failed" : "succeeded")}",
            now => fails ? scene.Model.Fail(refund, now) : scene.Model.Succeed(sale, refund),
            refunded: fails ? 0m : refund.Amount, refunds: [new RefundReport(refund.Id!, refund.Amount, fails ? "refused" : null)]);
    }
}

/// <summary>The provider's people give money back.</summary>
internal sealed record ProviderRefundCommand(int Tenant, int Which, int Percent, bool TellsApart) : ReportCommand(Tenant, Which)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        if (Pick(scene, Which) is not { } sale || Part(sale.Total - sale.Refunded, Percent) is not (> 0m and var money)) return Nothing(scene);
        return await ReportAsync(
            scene, sale, $"{money} was refunded by the provider" + (TellsApart ? "" : ", which tells no refund apart"),
            now => scene.Model.RefundAtProvider(sale, money, TellsApart), refunded: money, refunds: TellsApart ? [] : null);
    }
}

/// <summary>A dispute takes money, of what was refunded too.</summary>
internal sealed record DisputeCommand(int Tenant, int Which, int Percent) : ReportCommand(Tenant, Which)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        if (Pick(scene, Which) is not { } sale || Part(sale.Total - sale.Disputed + sale.Reinstated, Percent) is not (> 0m and var money)) return Nothing(scene);
        return await ReportAsync(scene, sale, $"{money} was disputed", now => scene.Model.Dispute(sale, money, now), disputed: money);
    }
}

/// <summary>A dispute ends: won, money of it comes back; lost, the provider says again what it said.</summary>
internal sealed record DisputeEndCommand(int Tenant, int Which, int Percent, bool Lost) : ReportCommand(Tenant, Which)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        var disputed = scene.Model.Sales.Where(sale => sale.Disputed > sale.Reinstated).ToArray();
        if (disputed.Length == 0) return Nothing(scene);
        var sale = disputed[Which % disputed.Length];
        var money = Part(sale.Disputed - sale.Reinstated, Percent);
        return Lost || money == 0m
            ? await ReportAsync(scene, sale, "the dispute was lost", _ => "ok")
            : await ReportAsync(scene, sale, $"{money} of the disputed came back", now => scene.Model.Win(sale, money, now), reinstated: money);
    }
}

/// <summary>A report of before arrives once more, after others that say more.</summary>
internal sealed record LateReportCommand(int Tenant, int Which) : ReportCommand(Tenant, Which)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        var reports = scene.Model.Sales.SelectMany(sale => sale.Reports, (sale, report) => (Sale: sale, Report: report)).ToArray();
        if (reports.Length == 0) return Nothing(scene);
        var (sale, report) = reports[Which % reports.Length];
        return Step.Of(
            $"{scene}, {Name(scene, sale)}: told again that {report.Refunded} were refunded, {report.Disputed} disputed, {report.Reinstated} given back",
            await scene.World.ReportAsync(report), _ => "ok");
    }
}

/// <summary>Reports that were lost between: one says at once that money was refunded, disputed, and in part given back.</summary>
internal sealed record LeapingReportCommand(int Tenant, int Which, int Percent) : ReportCommand(Tenant, Which)
{
    public override async Task<Step> RunAsync(Scene scene)
    {
        if (Pick(scene, Which) is not { } sale) return Nothing(scene);
        var refunded = Part(PlainSale.Cents((sale.Total - sale.Refunded) / 3m), Percent);
        var disputed = Part(sale.Total - sale.Disputed + sale.Reinstated, Percent);
        if (refunded == 0m || disputed == 0m) return Nothing(scene);
        var back = PlainSale.Cents(disputed / 2m);
        return await ReportAsync(
            scene, sale, $"{refunded} was refunded by the provider, {disputed} disputed, and {back} of it came back",
            now =>
            {
                scene.Model.RefundAtProvider(sale, refunded, tellsApart: true);
                scene.Model.Dispute(sale, disputed, now);
                return scene.Model.Win(sale, back, now);
            },
            refunded, disputed, back, []);
    }
}

/// <summary>Random commands that give money back.</summary>
internal static class GivenBackGenerators
{
    private static readonly Gen<int> Which = Gen.Int[0, 60];
    private static readonly Gen<int> Percent = Gen.Int[1, 100];
    private static readonly Gen<Share?> SomeShare = Gen.Int[0, 4].Select(kind => kind < 2 ? (Share?)null : (Share)(kind - 2));
    private static readonly Gen<decimal> Credits = Gen.Int[1, 12_000_000].Select(millionths => millionths / 1_000_000m);
    private static readonly Gen<Asked> Asked = Gen.Int[0, 4].Select(kind => (Asked)(kind / 2));

    /// <summary>All of them.</summary>
    /// <param name="tenant">Whose.</param>
    public static Gen<Command> Any(Gen<int> tenant) => Gen.Frequency(
        (5, Gen.Select(tenant, Which, Gen.Int[0, 3], Asked, Credits, SomeShare, Command (t, which, rarely, asked, credits, share) =>
            new RefundCommand(t, which, rarely == 0, asked, credits, share))),
        (3, Gen.Select(tenant, Which, Gen.Bool, Command (t, which, fails) => new RefundOutcomeCommand(t, which, fails))),
        (1, Gen.Select(tenant, Which, Command (t, which) => new LateReportCommand(t, which))),
        (1, Gen.Select(tenant, Which, Percent, Command (t, which, percent) => new LeapingReportCommand(t, which, percent))),
        (1, Gen.Select(tenant, Which, Percent, Gen.Bool, Command (t, which, percent, apart) => new ProviderRefundCommand(t, which, percent, apart))),
        (2, Gen.Select(tenant, Which, Percent, Command (t, which, percent) => new DisputeCommand(t, which, percent))),
        (2, Gen.Select(tenant, Which, Percent, Gen.Int[0, 4], Command (t, which, percent, lost) => new DisputeEndCommand(t, which, percent, lost == 0))));
}
