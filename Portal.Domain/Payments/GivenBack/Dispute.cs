using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;

namespace Portal.Domain.Payments.GivenBack;

/// <summary>Money of a payment that a dispute took, or gave back (below 0) when it was won: how the movement was booked.</summary>
public sealed class Dispute
{
    /// <summary>Whose.</summary>
    public required long TenantId { get; init; }

    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }

    /// <summary>The payment.</summary>
    public required Guid PaymentId { get; init; }

    /// <summary>The grant that was sold; null when the money bought none.</summary>
    public Guid? GrantId { get; init; }

    /// <summary>The transaction that booked it; debts of used credits carry its id.</summary>
    public required Guid TransactionId { get; init; }

    /// <summary>Currency of the amounts.</summary>
    public required string Currency { get; init; }

    /// <summary>What was taken; below 0: given back. The sum of the five that follow.</summary>
    public required decimal Amount { get; init; }

    /// <summary>What the unused credits stood for, nine places.</summary>
    public decimal Value { get; init; }

    /// <summary>Tax that is no longer owed.</summary>
    public decimal Tax { get; init; }

    /// <summary>The rest: what had been earned with the used credits.</summary>
    public decimal Chargebacks { get; init; }

    /// <summary>What is due again on an invoice that the money had paid.</summary>
    public decimal Receivable { get; init; }

    /// <summary>Money that had bought nothing.</summary>
    public decimal Suspense { get; init; }

    /// <summary>When it was booked.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}

/// <summary>Credits that a dispute took from one grant, or that are owed for having been used from it.</summary>
public sealed class DisputePiece
{
    public required long TenantId { get; init; }

    public required Guid DisputeId { get; init; }

    public required int Ordinal { get; init; }

    /// <summary>Unused: the grant that gave them. Used: the grant from which they were used.</summary>
    public required Guid GrantId { get; init; }

    /// <summary>Used: line of the debt that they became. Null: unused.</summary>
    public int? DebtLine { get; init; }

    public required decimal Credits { get; init; }

    /// <summary>What unused ones stood for, nine places.</summary>
    public required decimal Value { get; init; }

    /// <summary>How many of them came back since: of debts the newest first.</summary>
    public decimal Returned { get; set; }
}

internal sealed class DisputeConfiguration : IEntityTypeConfiguration<Dispute>
{
    public void Configure(EntityTypeBuilder<Dispute> builder)
    {
        builder.ToTable("disputes").HasKey(dispute => new { dispute.TenantId, dispute.Id });
        builder.HasOne<Payment>().WithMany().HasForeignKey(dispute => new { dispute.TenantId, dispute.PaymentId });
    }
}

internal sealed class DisputePieceConfiguration : IEntityTypeConfiguration<DisputePiece>
{
    public void Configure(EntityTypeBuilder<DisputePiece> builder)
    {
        builder.ToTable("dispute_pieces").HasKey(piece => new { piece.TenantId, piece.DisputeId, piece.Ordinal });
        builder.HasOne<Dispute>().WithMany().HasForeignKey(piece => new { piece.TenantId, piece.DisputeId });
    }
}
