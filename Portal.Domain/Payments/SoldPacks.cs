namespace Portal.Domain.Payments;

/// <summary>How much of a pack is sold, at what price.</summary>
/// <param name="Quantity">How many packs; 1 of a custom amount.</param>
/// <param name="Credits">Of all of them.</param>
/// <param name="BonusCredits">On top.</param>
/// <param name="Price">Of all of them.</param>
internal sealed record SoldPacks(decimal Quantity, decimal Credits, decimal BonusCredits, TaxedPrice Price);
