using System.Numerics;

namespace Portal.Database.Tests.Properties;

/// <summary>A grant of the plain model: terms that never change, and what is left.</summary>
internal sealed class PlainGrant
{
    /// <summary>The engine's id, told after the command that made it; ties of the burn order end on it.</summary>
    public Guid? Id { get; set; }

    public required string Pool { get; init; }

    public required string Source { get; init; }

    public required decimal Amount { get; init; }

    public decimal Remaining { get; set; }

    public required decimal Value { get; init; }

    public required int Priority { get; init; }

    public required string[]? Products { get; init; }

    public required DateTimeOffset EffectiveAt { get; init; }

    public required DateTimeOffset? ExpiresAt { get; init; }

    /// <summary>The grant that this one was split, rolled, transferred or restored from, or whose bonus it is.</summary>
    public PlainGrant? Parent { get; init; }

    public int RollCount { get; init; }

    /// <summary>A renewal took what it had left: what comes back to it is as if expired.</summary>
    public bool Rolled { get; set; }

    /// <summary>The subscription and the item whose included credits these are, or were.</summary>
    public (PlainSubscription Of, PlainItem Item)? Plan { get; set; }

    /// <summary>Its pool was closed: what comes back to it is as if expired.</summary>
    public bool Closed { get; set; }

    /// <summary>By the words of domain.md §4, in whole billionths; written apart from the engine's formula on purpose.</summary>
    public decimal ValueLeft => ValueOf(Remaining);

    /// <summary>Credits of it that usage and debts drew and did not give back.</summary>
    public decimal Used { get; set; }

    /// <summary>Of those, what is owed because of disputes.</summary>
    public decimal Owed { get; set; }

    public bool IsLive(DateTimeOffset now) => EffectiveAt <= now && !(ExpiresAt <= now);

    /// <summary>True when usage of that product (null: that names none) may draw it.</summary>
    public bool Matches(string? product) => Products is null || (product is not null && Products.Contains(product));

    public decimal ValueOf(decimal credits) => Proportion(Value, credits, Amount);

    /// <summary>The part of a value that some of an amount stand for.</summary>
    public static decimal Proportion(decimal value, decimal some, decimal amount)
    {
        static BigInteger Nanos(decimal amount) => (BigInteger)(amount * 1_000_000_000m);
        var tenths = (decimal)(Nanos(value) * Nanos(some) * 10 / Nanos(amount));
        return Math.Round(tenths / 10m, 0, MidpointRounding.AwayFromZero) / 1_000_000_000m;
    }
}

/// <summary>A pool of the plain model.</summary>
internal sealed class PlainPool(string key, bool overflows)
{
    public string Key => key;

    /// <summary>What its grants cannot serve draws from the shared pool.</summary>
    public bool Overflows { get; set; } = overflows;

    public bool Closed { get; set; }
}

/// <summary>Where a piece of usage stands.</summary>
internal enum Standing
{
    Grant,
    Debt,
    Overage,
}

/// <summary>A part of what an event (or a chargeback) came to.</summary>
internal sealed class PlainPiece
{
    /// <summary>The event, or null for a chargeback.</summary>
    public PlainEvent? Event { get; init; }

    public required Standing Standing { get; init; }

    /// <summary>The pool drawn, or that owes.</summary>
    public required string Pool { get; set; }

    public PlainGrant? Grant { get; init; }

    public required decimal Credits { get; set; }

    /// <summary>Of overage: what it was sold for, as far as it stands.</summary>
    public decimal Money { get; set; }

    /// <summary>Of overage: when.</summary>
    public DateTimeOffset SoldAt { get; init; }

    public string? Product => Event?.Product;

    /// <summary>The disputed credits that it is a debt for, or was.</summary>
    public DisputedPart? Chargeback { get; init; }

    /// <summary>The debt that this settled a part of.</summary>
    public PlainPiece? Settled { get; init; }

    /// <summary>What the grant had left before it settled this.</summary>
    public decimal RemainingBefore { get; init; }

    /// <summary>The pieces it is one of.</summary>
    public List<PlainPiece> Whole => Event?.Pieces ?? Chargeback!.Pieces!;
}

/// <summary>An event of the plain model.</summary>
internal sealed class PlainEvent
{
    public required string Id { get; init; }

    public required string Body { get; init; }

    public required string Pool { get; init; }

    public required string Product { get; init; }

    public required string? Consumer { get; init; }

    public required DateTimeOffset OccurredAt { get; init; }

    public required DateTimeOffset PostedAt { get; init; }

    /// <summary>What it came to at first: what a duplicate answers.</summary>
    public required decimal First { get; init; }

    /// <summary>What it comes to now.</summary>
    public decimal Credits { get; set; }

    public bool Voided { get; set; }

    /// <summary>What the platform paid is known of text that a meter measured; not of credits captured without an event.</summary>
    public bool HasCost => Product == "text" && IsMeasured;

    /// <summary>True for events that were sent; false for those that captures of an amount write.</summary>
    public bool IsMeasured => Body.StartsWith('{');

    public string Source => IsMeasured ? "test" : "holds";

    /// <summary>In the order drawn.</summary>
    public List<PlainPiece> Pieces { get; } = [];
}
