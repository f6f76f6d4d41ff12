using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Domain.Payments.Saved;

/// <summary>States of a payment method: <c>pending</c> while its page is open, <c>saved</c>, <c>removed</c>.</summary>
public static class MethodState
{
    public const string Pending = "pending", Saved = "saved", Removed = "removed";
}

/// <summary>A payment method that a tenant left at a provider, to be charged while nobody is there. No card data: the provider's token.</summary>
public sealed class PaymentMethod
{
    /// <summary>Whose.</summary>
    public required long TenantId { get; init; }

    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }

    /// <summary>Where it was left.</summary>
    public required string Provider { get; init; }

    /// <summary>One of <see cref="MethodState"/>.</summary>
    public string State { get; set; } = MethodState.Pending;

    /// <summary>The provider's id of the page on which it is left.</summary>
    public string? Page { get; set; }

    /// <summary>Address of that page; null until the provider said so.</summary>
    public string? Url { get; set; }

    /// <summary>The provider's token; null while pending.</summary>
    public string? Token { get; set; }

    /// <summary>What to show for it.</summary>
    public string? Label { get; set; }

    /// <summary>The last day on which it can be charged, where it has one.</summary>
    public DateOnly? ExpiresOn { get; set; }

    /// <summary>Charged where nothing else is named; at most one of a tenant.</summary>
    public bool IsDefault { get; set; }

    /// <summary>When the page was asked for.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who asked.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>When it was there.</summary>
    public DateTimeOffset? SavedAt { get; set; }

    /// <summary>When it was taken away.</summary>
    public DateTimeOffset? RemovedAt { get; set; }

    /// <summary>Its id as the API shows it, and the reference at the provider.</summary>
    public string PublicId => Kernel.PublicId.Format(Kernel.PublicId.PaymentMethod, TenantId, Id);
}

internal sealed class PaymentMethodConfiguration : IEntityTypeConfiguration<PaymentMethod>
{
    public void Configure(EntityTypeBuilder<PaymentMethod> builder)
    {
        builder.ToTable("payment_methods").HasKey(method => new { method.TenantId, method.Id });
        builder.Ignore(method => method.PublicId);
    }
}
