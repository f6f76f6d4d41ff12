using System.Text;
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
    public RerateFigures Figures(string currency, decimal revenue) => As switch
    {
        RepricedAs.Nothing => new RerateFigures(),
        RepricedAs.Same => RerateFigures.Unchanged(Event, currency, covered: true),
        RepricedAs.NotCovered => RerateFigures.Unchanged(Event, currency, covered: false),
        RepricedAs.Changed => RerateFigures.ChangedTo(Event, currency, Target!, revenue),
        RepricedAs.CostOnly => RerateFigures.CostTo(Event, currency, Target),
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

    /// <summary>What becomes of the event.</summary>
    public abstract Repriced Of(StandingEvent standing);

    /// <summary>The event under the prices looked at; null when they do not price it, or its product would be another.</summary>
    protected UsageEvent? Measure(StandingEvent standing)
    {
        var usage = new UsageEvent { Index = 0, Type = standing.Type, OccurredAt = standing.OccurredAt, Data = standing.Bytes };
        measuring.Measure(usage, directory.Keep);
        if (usage.Problem is not null || usage.Meter is null || usage.Rating is not { Rated: true, Open: null } rating) return null;
        if (standing.Product is { } product && product != usage.Product) return null;
        return rating.MoneyCurrency is null || rating.MoneyCurrency == directory.Currency ? usage : null;
    }

    /// <summary>An event that gets its first rating, when the prices looked at have one for it.</summary>
    protected Repriced FirstRating(StandingEvent standing)
    {
        if (standing.Voided || Measure(standing) is not { } usage) return new Repriced(standing, RepricedAs.Nothing);
        var known = standing.Meter is not null;
        return new Repriced(standing, RepricedAs.Changed, usage.Rating)
        {
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
internal sealed class UnderRateVersion(Catalogue catalogue, WalletDirectory directory, CardVersion version, bool withUnrated)
    : Repricing(catalogue, catalogue.Under(version), directory)
{
    private readonly Catalogue known = catalogue;

    /// <inheritdoc />
    public override Repriced Of(StandingEvent standing)
    {
        if (standing.Voided) return new Repriced(standing, RepricedAs.Nothing);
        if (!standing.Rated) return withUnrated ? FirstRating(standing) : new Repriced(standing, RepricedAs.Nothing);
        if (standing.Meter is null || Measure(standing)?.Rating is not { } target) return new Repriced(standing, RepricedAs.NotCovered);
        if (!target.Lines.Any(line => line.Rate?.Version?.Id == version.Id) && !WasOfCard(standing)) return new Repriced(standing, RepricedAs.NotCovered);
        if (target.Credits.Amount == standing.Credits && target.Money == standing.Money) return new Repriced(standing, RepricedAs.Same);
        var measured = Standing.AsItStands(standing);
        var kept = WithCostOf(target, StandingRating.Of(standing, measured, withCost: true));
        return new Repriced(standing, RepricedAs.Changed, kept, measured) { Data = standing.AmendedData };
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
        return new Repriced(standing, RepricedAs.CostOnly, standing.Meter is null ? null : Measure(standing)?.Rating);
    }
}
