using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Domain.Kernel;
using Portal.Domain.Wallet;

namespace Portal.Domain.Payments.GivenBack;

/// <summary>States of a refund: <c>pending</c> until its provider said how it ended.</summary>
public static class RefundState
{
    public const string Pending = "pending", Succeeded = "succeeded", Failed = "failed";
}

/// <summary>Who began a refund: <c>asked</c> for here, or made by the <c>provider</c>'s people without us.</summary>
public static class RefundOrigin
{
    public const string Asked = "asked", Provider = "provider";
}

/// <summary>Money given back for unspent credits.</summary>
public sealed class Refund
{
    /// <summary>Whose.</summary>
    public required long TenantId { get; init; }

    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }

    /// <summary>The payment that it is a part of; null for what was sold outside.</summary>
    public Guid? PaymentId { get; init; }

    /// <summary>The grant that was sold; null when the money bought none.</summary>
    public Guid? GrantId { get; init; }

    /// <summary>One of <see cref="RefundOrigin"/>.</summary>
    public required string Origin { get; init; }

    /// <summary>One of <see cref="RefundState"/>.</summary>
    public required string State { get; set; }

    /// <summary>Currency of the amounts.</summary>
    public required string Currency { get; init; }

    /// <summary>Credits taken back for it.</summary>
    public required decimal Credits { get; init; }

    /// <summary>What those credits stood for when they were taken, nine places.</summary>
    public required decimal Value { get; init; }

    /// <summary>Money without tax.</summary>
    public required decimal Net { get; init; }

    /// <summary>Tax on it.</summary>
    public required decimal Tax { get; init; }

    /// <summary>What the provider gave back beyond that, for which no credits were left.</summary>
    public decimal Suspense { get; init; }

    /// <summary>A sentence for people.</summary>
    public string? Reason { get; init; }

    /// <summary>The provider's code for a refusal.</summary>
    public string? Failure { get; set; }

    /// <summary>When it was booked.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>Who asked.</summary>
    public string? CreatedBy { get; init; }

    /// <summary>When its outcome was known.</summary>
    public DateTimeOffset? SettledAt { get; set; }

    /// <summary>All that moves at the provider.</summary>
    public decimal Amount => Net + Tax + Suspense;

    /// <summary>Its id as the API shows it, the idempotency key sent, and the provider's reference.</summary>
    public string PublicId => Kernel.PublicId.Format(Kernel.PublicId.Refund, TenantId, Id);
}

/// <summary>Credits that one grant gave for a refund.</summary>
public sealed class RefundPiece
{
    public required long TenantId { get; init; }

    public required Guid RefundId { get; init; }

    public required int Ordinal { get; init; }

    /// <summary>The grant, which gets them back should the refund fail.</summary>
    public required Guid GrantId { get; init; }

    public required decimal Credits { get; init; }

    /// <summary>What they stood for, nine places.</summary>
    public required decimal Value { get; init; }
}

internal sealed class RefundConfiguration : IEntityTypeConfiguration<Refund>
{
    public void Configure(EntityTypeBuilder<Refund> builder)
    {
        builder.ToTable("refunds").HasKey(refund => new { refund.TenantId, refund.Id });
        builder.Ignore(refund => refund.Amount).Ignore(refund => refund.PublicId);
        builder.HasOne<Payment>().WithMany().HasForeignKey(refund => new { refund.TenantId, refund.PaymentId });
    }
}

internal sealed class RefundPieceConfiguration : IEntityTypeConfiguration<RefundPiece>
{
    public void Configure(EntityTypeBuilder<RefundPiece> builder)
    {
        builder.ToTable("refund_pieces").HasKey(piece => new { piece.TenantId, piece.RefundId, piece.Ordinal });
        builder.HasOne<Refund>().WithMany().HasForeignKey(piece => new { piece.TenantId, piece.RefundId });
    }
}
