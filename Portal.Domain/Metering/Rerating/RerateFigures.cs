using Portal.Domain.Metering.Corrections;
using Portal.Domain.Pricing;

namespace Portal.Domain.Metering.Rerating;

/// <summary>What one tenant's period comes to before and after other prices. Sums of events that were not voided.</summary>
public sealed record RerateFigures
{
    /// <summary>Rated events of the period.</summary>
    public long Events { get; init; }

    /// <summary>Of them, those that come to something else.</summary>
    public long Changed { get; init; }

    /// <summary>Of them, those that the version does not cover: they stay as they are.</summary>
    public long NotCovered { get; init; }

    /// <summary>Events without a rating that get their first one.</summary>
    public long NewlyRated { get; init; }

    /// <summary>Credits drawn.</summary>
    public decimal CreditsBefore { get; init; }

    /// <summary>Credits drawn then.</summary>
    public decimal CreditsAfter { get; init; }

    /// <summary>Money accrued, in the tenant's currency; part of the revenue.</summary>
    public decimal MoneyBefore { get; init; }

    /// <summary>Money accrued then.</summary>
    public decimal MoneyAfter { get; init; }

    /// <summary>Value drawn, overage and money, in the tenant's currency.</summary>
    public decimal RevenueBefore { get; init; }

    /// <summary>Revenue then.</summary>
    public decimal RevenueAfter { get; init; }

    /// <summary>Cost in the tenant's currency, by the exchange rate of the day of use, of events whose cost is known.</summary>
    public decimal CostBefore { get; init; }

    /// <summary>Cost then.</summary>
    public decimal CostAfter { get; init; }

    /// <summary>Events whose cost is unknown, or has no exchange rate of its day.</summary>
    public long CostUnknownBefore { get; init; }

    /// <summary>Such events then.</summary>
    public long CostUnknownAfter { get; init; }

    /// <summary>Revenue less cost; null when a cost is unknown.</summary>
    public decimal? MarginBefore => CostUnknownBefore > 0 ? null : RevenueBefore - CostBefore;

    /// <summary>Margin then; null when a cost is unknown.</summary>
    public decimal? MarginAfter => CostUnknownAfter > 0 ? null : RevenueAfter - CostAfter;

    /// <summary><c>more</c>, <c>less</c> or <c>same</c>: by credits and money, and by revenue where one goes up and the other down.</summary>
    public string Pays
    {
        get
        {
            var (credits, money) = (Math.Sign(CreditsAfter - CreditsBefore), Math.Sign(MoneyAfter - MoneyBefore));
            var sign = credits * money < 0 ? Math.Sign(RevenueAfter - RevenueBefore) : credits + money;
            return sign > 0 ? "more" : sign < 0 ? "less" : "same";
        }
    }

    /// <summary>The sums of two.</summary>
    public static RerateFigures operator +(RerateFigures left, RerateFigures right) => Add(left, right);

    /// <summary>The sums of two.</summary>
    public static RerateFigures Add(RerateFigures left, RerateFigures right)
    {
        ArgumentNullException.ThrowIfNull(left);
        ArgumentNullException.ThrowIfNull(right);
        return new RerateFigures
        {
            Events = left.Events + right.Events,
            Changed = left.Changed + right.Changed,
            NotCovered = left.NotCovered + right.NotCovered,
            NewlyRated = left.NewlyRated + right.NewlyRated,
            CreditsBefore = left.CreditsBefore + right.CreditsBefore,
            CreditsAfter = left.CreditsAfter + right.CreditsAfter,
            MoneyBefore = left.MoneyBefore + right.MoneyBefore,
            MoneyAfter = left.MoneyAfter + right.MoneyAfter,
            RevenueBefore = left.RevenueBefore + right.RevenueBefore,
            RevenueAfter = left.RevenueAfter + right.RevenueAfter,
            CostBefore = left.CostBefore + right.CostBefore,
            CostAfter = left.CostAfter + right.CostAfter,
            CostUnknownBefore = left.CostUnknownBefore + right.CostUnknownBefore,
            CostUnknownAfter = left.CostUnknownAfter + right.CostUnknownAfter,
        };
    }

    /// <summary>An event that stays as it is.</summary>
    internal static RerateFigures Unchanged(StandingEvent e, CostRates rates, bool covered) =>
        Of(e, rates, (e.Credits, e.Money, e.Revenue), (e.Cost, e.CostCurrency)) with { NotCovered = covered ? 0 : 1 };

    /// <summary>An event that comes to something else.</summary>
    internal static RerateFigures ChangedTo(StandingEvent e, CostRates rates, Rating target, decimal revenue) =>
        Of(e, rates, (target.Credits.Amount, target.Money, revenue), (target.Cost, target.CostCurrency)) with { Changed = e.Rated ? 1 : 0, NewlyRated = e.Rated ? 0 : 1 };

    /// <summary>An event whose cost alone is another.</summary>
    internal static RerateFigures CostTo(StandingEvent e, CostRates rates, Rating? target)
    {
        var (cost, of) = target is null ? (e.Cost, e.CostCurrency) : (target.Cost, target.CostCurrency);
        return Of(e, rates, (e.Credits, e.Money, e.Revenue), (cost, of)) with { Changed = cost == e.Cost && of == e.CostCurrency ? 0 : 1 };
    }

    private static RerateFigures Of(
        StandingEvent e, CostRates rates, (decimal Credits, decimal Money, decimal Revenue) after, (decimal? Cost, string? Currency) costAfter)
    {
        var before = e.Rated ? rates.In(e.Cost, e.CostCurrency, e.OccurredAt) : 0m;
        var cost = rates.In(costAfter.Cost, costAfter.Currency, e.OccurredAt);
        return new RerateFigures
        {
            Events = e.Rated ? 1 : 0,
            CreditsBefore = e.Credits,
            CreditsAfter = after.Credits,
            MoneyBefore = e.Money,
            MoneyAfter = after.Money,
            RevenueBefore = e.Revenue,
            RevenueAfter = after.Revenue,
            CostBefore = before ?? 0m,
            CostAfter = cost ?? 0m,
            CostUnknownBefore = before is null ? 1 : 0,
            CostUnknownAfter = cost is null ? 1 : 0,
        };
    }
}
