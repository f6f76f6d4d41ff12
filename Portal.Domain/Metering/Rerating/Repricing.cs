using System.Text;
using Npgsql;
using Portal.Domain.Metering.Corrections;
using Portal.Domain.Metering.Intake;
using Portal.Domain.Metering.Meters;
using Portal.Domain.Pricing;
using Portal.Domain.Wallet;

namespace Portal.Domain.Metering.Rerating;

/// <summary>What becomes of an event under other prices.</summary>
internal enum RepricedAs
{
    /// <summary>It is not concerned: voided, or without a rating and still without one.</summary>
    Nothing,

    /// <summary>It comes to the same.</summary>
    Same,

    /// <summary>The version does not price it: it stays.</summary>
    NotCovered,

    /// <summary>It comes to something else, or to something at last.</summary>
    Changed,

    /// <summary>Its cost alone may be another.</summary>
    CostOnly,
}

/// <summary>An event and what becomes of it.</summary>
internal sealed record Repriced(StandingEvent Event, RepricedAs As, Rating? Target = null, Rating? Measured = null)
{
    /// <summary>Of an event that no meter measured when it came: what measures it by now.</summary>
    public (string Meter, string Product)? MeasuredBy { get; init; }

    /// <summary>The properties that the target was made from, when they are not the event's own.</summary>
    public string? Data { get; init; }

    /// <summary>The event measured, whose rating waits for the counters of its period; null when it does not.</summary>
    public UsageEvent? Waiting { get; init; }

    /// <summary>What changes of the counters of periods.</summary>
    public IReadOnlyList<CounterMove> Moves { get; init; } = [];

    /// <summary>True when something is to be posted.</summary>
    public bool Posts => As == RepricedAs.Changed;

    /// <summary>The amendment that brings the event there.</summary>
    public Amendment AmendmentIn(WalletTransaction wallet, ILookup<EventPlace, StandingPiece> pieces) => new(
        wallet, Event, Target!, Measured, Event.Rated ? AmendmentKind.Rerate : AmendmentKind.LateRating, Data)
    {
        MeasuredBy = MeasuredBy,
        Standing = [.. pieces[Event.Place]],
    };

    /// <summary>The event's figures before and after; <paramref name="revenue"/> is what it earns then.</summary>
    public RerateFigures Figures(CostRates rates, decimal revenue) => As switch
    {
        RepricedAs.Nothing => new RerateFigures(),
        RepricedAs.Same => RerateFigures.Unchanged(Event, rates, covered: true),
        RepricedAs.NotCovered => RerateFigures.Unchanged(Event, rates, covered: false),
        RepricedAs.Changed => RerateFigures.ChangedTo(Event, rates, Target!, revenue),
        RepricedAs.CostOnly => RerateFigures.CostTo(Event, rates, Target),
        _ => throw new InvalidOperationException($"{As}"),
    };
}

/// <summary>Decides what events come to: pure, from what is stored of them and a snapshot of the catalogue.</summary>
internal abstract class Repricing(Catalogue catalogue, Catalogue under, WalletDirectory directory)
{
    private readonly EventMeasuring measuring = new(under);

    /// <summary>The catalogue version that it decides by.</summary>
    public long Version => catalogue.Version;

    /// <summary>Measures events as they stand.</summary>
    protected StandingMeasure Standing { get; } = new(catalogue, directory);

    /// <summary>What events come to whose prices accumulate over a period.</summary>
    public PeriodPlan? Plan { get; set; }

    /// <summary>Looks at whole periods, where prices accumulate over them; null where that does not matter.</summary>
    public virtual Task<PeriodPlan?> PlanAsync(NpgsqlConnection connection, CancellationToken cancellationToken) => Task.FromResult<PeriodPlan?>(null);

    /// <summary>What becomes of the event.</summary>
    public abstract Repriced Of(StandingEvent standing);

    /// <summary>The event under the prices looked at; null when they do not price it, or its product would be another.</summary>
    protected UsageEvent? Measure(StandingEvent standing)
    {
        var usage = new UsageEvent { Index = 0, Type = standing.Type, OccurredAt = standing.OccurredAt, Data = standing.Bytes };
        measuring.Measure(usage, directory);
        if (standing.CostOnly && usage.Problem is null) usage.BecomeWork(standing.Product!);
        if (usage.Problem is not null || usage.Meter is null || usage.Rating is not { Rated: true } rating) return null;
        if (standing.Product is { } product && product != usage.Product) return null;
        return rating.MoneyCurrency is { } currency && currency != directory.Currency ? null : usage;
    }

    /// <summary>An event that gets its first rating, when the prices looked at have one for it.</summary>
    protected Repriced FirstRating(StandingEvent standing)
    {
        if (standing.Voided || Measure(standing) is not { } usage) return new Repriced(standing, RepricedAs.Nothing);
        var known = standing.Meter is not null;
        return new Repriced(standing, RepricedAs.Changed, Plan?.RatingOf(standing) ?? usage.Rating)
        {
            Waiting = usage.OpenRating is null || Plan?.RatingOf(standing) is not null ? null : usage,
            MeasuredBy = known ? null : (usage.Meter!.Key, usage.Meter.Product),
            Data = known ? standing.AmendedData : Encoding.UTF8.GetString(usage.Kept.Span),
        };
    }
}

/// <summary>First ratings of what had none, at the prices in force when it happened.</summary>
internal sealed class LateRating(Catalogue catalogue, WalletDirectory directory) : Repricing(catalogue, catalogue, directory)
{
    /// <inheritdoc />
    public override Repriced Of(StandingEvent standing) => standing.Rated ? new Repriced(standing, RepricedAs.Nothing) : FirstRating(standing);
}

/// <summary>Events at the prices of one version of a rate card, in place of the one that was in force. What they cost stays.</summary>
/// <param name="catalogue">As it is.</param>
/// <param name="directory">The tenant's.</param>
/// <param name="version">The version; it need not be published.</param>
/// <param name="withUnrated">True to price also what has no rating.</param>
/// <param name="from">Usage that happened from then on;</param>
/// <param name="to">until then.</param>
internal sealed class UnderRateVersion(
    Catalogue catalogue, WalletDirectory directory, CardVersion version, bool withUnrated, DateTimeOffset from, DateTimeOffset to)
    : Repricing(catalogue, catalogue.Under(version), directory)
{
    private readonly Catalogue known = catalogue;
    private readonly WalletDirectory of = directory;

    /// <inheritdoc />
    public override async Task<PeriodPlan?> PlanAsync(NpgsqlConnection connection, CancellationToken cancellationToken) =>
        version.Rates.Any(rate => rate.NeedsCounter(Accumulation.Sum))
            ? await PeriodPlan.BuildAsync(connection, of, from, to, Anew, Standing.EventAsItStands, cancellationToken)
            : await PeriodPlan.EmptyAsync(connection, of, cancellationToken);

    /// <inheritdoc />
    public override Repriced Of(StandingEvent standing)
    {
        if (standing.Voided) return new Repriced(standing, RepricedAs.Nothing);
        if (!standing.Rated) return withUnrated ? FirstRating(standing) : new Repriced(standing, RepricedAs.Nothing);
        if (Anew(standing) is not { } usage) return new Repriced(standing, RepricedAs.NotCovered);
        var target = usage.OpenRating is null ? usage.Rating! : Plan!.RatingOf(standing);
        var stands = Standing.EventAsItStands(standing);
        // Greatest and distinct values and levels are not counted again; nor is what arrived after the plan was made.
        if (target is null || stands.OpenRating is { Open: not Accumulation.Sum }) return new Repriced(standing, RepricedAs.NotCovered);
        var moves = Plan!.MovesOf(standing, stands.OpenRating, usage.OpenRating);
        var counted = moves.Count > 0 && standing.RateVersionId != version.Id; // it stands on other counters from now on
        if (target.Credits.Amount == standing.Credits && target.Money == standing.Money && !counted) return new Repriced(standing, RepricedAs.Same);
        var kept = WithCostOf(target, StandingRating.Of(standing, stands.Rating, withCost: true));
        return new Repriced(standing, RepricedAs.Changed, kept, stands.Rating) { Data = standing.AmendedData, Moves = moves };
    }

    // The event under the version; null when it does not price it, or only other cards do and did.
    private UsageEvent? Anew(StandingEvent standing)
    {
        if (!standing.Rated) return withUnrated ? Measure(standing) : null;
        if (standing.Meter is null || Measure(standing) is not { } usage) return null;
        return usage.Rating!.Lines.Any(line => line.Rate?.Version?.Id == version.Id) || WasOfCard(standing) ? usage : null;
    }

    private bool WasOfCard(StandingEvent standing) =>
        standing.RateVersionId is { } id && known.FindRateVersion(id)?.Card == version.Card;

    // Line by line where both have as many; what is left over goes with the last.
    private static Rating WithCostOf(Rating target, Rating before)
    {
        var lines = target.Lines.ToArray();
        var left = before.Cost;
        for (var i = 0; i < lines.Length; i++)
        {
            var own = i == lines.Length - 1 || left is null ? left : i < before.Lines.Count ? before.Lines[i].Cost ?? 0m : 0m;
            lines[i] = lines[i] with { Cost = own, CostRate = i < before.Lines.Count ? before.Lines[i].CostRate : null };
            left -= own;
        }

        return target with { Cost = before.Cost, CostCurrency = before.CostCurrency, CostVersionId = before.CostVersionId, Lines = lines };
    }
}

/// <summary>Events as they stand, with the cost that a version of a cost card has for them.</summary>
internal sealed class UnderCostVersion(Catalogue catalogue, WalletDirectory directory, CardVersion version)
    : Repricing(catalogue, catalogue.UnderCost(version), directory)
{
    /// <inheritdoc />
    public override Repriced Of(StandingEvent standing)
    {
        if (standing.Voided || !standing.Rated) return new Repriced(standing, RepricedAs.Nothing);
        return new Repriced(standing, RepricedAs.CostOnly, standing.Meter is null || Measure(standing) is not { OpenRating: null } usage ? null : usage.Rating);
    }
}
