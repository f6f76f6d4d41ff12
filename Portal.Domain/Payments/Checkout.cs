using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments;

/// <summary>States of a checkout as the API shows them.</summary>
public static class CheckoutStatus
{
    public const string Open = "open", Paid = "paid", Failed = "failed", Expired = "expired";
}

/// <summary>
/// A purchase of a pack on a provider's hosted page, with the terms it was offered on. <c>failed</c> says that the last card was refused;
/// another may still be tried until it expires.
/// </summary>
public sealed class Checkout
{
    /// <summary>How long a customer has to pay.</summary>
    public static readonly TimeSpan Lifetime = TimeSpan.FromHours(24);

    /// <summary>Whose purchase it is.</summary>
    public required long TenantId { get; init; }

    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }

    /// <summary>Key of the pack.</summary>
    public required string Pack { get; init; }

    /// <summary>The pack's name.</summary>
    public required string PackName { get; init; }

    /// <summary>How many packs.</summary>
    public decimal Quantity { get; init; } = 1m;

    /// <summary>Bought by an automatic top-up and paid by the saved payment method; nobody is sent anywhere.</summary>
    public bool Automatic { get; init; }

    /// <summary>The pool that gets the credits.</summary>
    public required int PoolId { get; init; }

    /// <summary>Credits sold.</summary>
    public required decimal Credits { get; init; }

    /// <summary>Credits on top.</summary>
    public required decimal BonusCredits { get; init; }

    /// <summary>Priority of the grants.</summary>
    public required short Priority { get; init; }

    /// <summary>Products the credits may be used for; null is any.</summary>
    public string[]? Products { get; init; }

    /// <summary>ISO 8601 period that the credits live from the payment on; null is for ever.</summary>
    public string? ExpiresAfter { get; init; }

    /// <summary>Currency of the amounts.</summary>
    public required string Currency { get; init; }

    /// <summary>Price without tax, in whole minor units.</summary>
    public required decimal Net { get; init; }

    /// <summary>Tax on it, in whole minor units.</summary>
    public required decimal Tax { get; init; }

    /// <summary>Name of the tax; why there is none, when there is none.</summary>
    public required string TaxName { get; init; }

    /// <summary>Its rate, 0 to 100.</summary>
    public required decimal TaxPercent { get; init; }

    /// <summary>Who takes the payment.</summary>
    public required string Provider { get; init; }

    /// <summary>Where the customer pays; null until the provider said so.</summary>
    public string? Url { get; set; }

    /// <summary><c>open</c>, <c>failed</c> or <c>paid</c>; <see cref="StatusAt"/> adds <c>expired</c>.</summary>
    public string State { get; set; } = CheckoutStatus.Open;

    /// <summary>The provider's code for the last refusal.</summary>
    public string? Failure { get; set; }

    /// <summary>The payment that bought the pack.</summary>
    public Guid? PaymentId { get; set; }

    /// <summary>When it was started.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who started it.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>No payment is taken from then on; one that was taken before and told later still counts.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>What the customer pays.</summary>
    public decimal Total => Net + Tax;

    /// <summary>Its id as the API shows it; the reference of what it posts.</summary>
    public string PublicId => Kernel.PublicId.Format(Kernel.PublicId.Checkout, TenantId, Id);

    /// <summary>One of <see cref="CheckoutStatus"/> at that instant.</summary>
    public string StatusAt(DateTimeOffset now) => State != CheckoutStatus.Paid && ExpiresAt <= now ? CheckoutStatus.Expired : State;
}

internal sealed class CheckoutConfiguration : IEntityTypeConfiguration<Checkout>
{
    public void Configure(EntityTypeBuilder<Checkout> builder)
    {
        builder.ToTable("checkouts").HasKey(checkout => new { checkout.TenantId, checkout.Id });
        builder.Ignore(checkout => checkout.Total).Ignore(checkout => checkout.PublicId);
    }
}
