using Portal.Domain.Pricing.Rates;

namespace Portal.Domain.Pricing;

/// <summary>What a card's prices are for.</summary>
public enum CardKind
{
    /// <summary>A rate card: what customers pay, in credits or money.</summary>
    Rate,

    /// <summary>A cost card: what the platform pays, in money.</summary>
    Cost,
}

/// <summary>A published version of a card: all its rates in force from an instant. Never changes.</summary>
public sealed class CardVersion
{
    /// <summary>Makes the version and gives each rate its place in it.</summary>
    public CardVersion(int id, string card, int version, DateTimeOffset effectiveAt, DateTimeOffset publishedAt, IReadOnlyList<Rate> rates)
    {
        Id = id;
        Card = card;
        Version = version;
        EffectiveAt = effectiveAt;
        PublishedAt = publishedAt;
        Rates = [.. rates.Select(rate => rate with { Version = this })];
    }

    /// <summary>Number of the version over all cards of its kind.</summary>
    public int Id { get; }

    /// <summary>Key of the card.</summary>
    public string Card { get; }

    /// <summary>Number of the version in its card, from 1.</summary>
    public int Version { get; }

    /// <summary>In force from this instant until a later version's.</summary>
    public DateTimeOffset EffectiveAt { get; }

    /// <summary>When it was published.</summary>
    public DateTimeOffset PublishedAt { get; }

    /// <summary>Its rates, in the order given.</summary>
    public IReadOnlyList<Rate> Rates { get; }

    /// <summary>The same rates from another instant on.</summary>
    public CardVersion From(DateTimeOffset effectiveAt) => new(Id, Card, Version, effectiveAt, PublishedAt, Rates);

    /// <summary><c>default version 3</c>.</summary>
    public override string ToString() => $"{Card} version {Version}";
}
