using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.Sandbox;

/// <summary>A hosted page of the sandbox: to pay once, or (<c>setup</c>) to leave a card for later.</summary>
public sealed class SandboxSession
{
    internal const string Payment = "payment", Setup = "setup";
    internal const string Open = "open", Challenged = "challenged", Succeeded = "succeeded";

    /// <summary>Unguessable; whoever knows it may pay.</summary>
    public required string Id { get; init; }

    /// <summary><c>payment</c> or <c>setup</c>.</summary>
    public required string Mode { get; init; }

    /// <summary>The merchant's reference and idempotency key.</summary>
    public required string Reference { get; init; }

    /// <summary>In minor units; 0 for a setup.</summary>
    public required long Amount { get; init; }

    /// <summary>ISO 4217.</summary>
    public required string Currency { get; init; }

    /// <summary>What the customer pays for.</summary>
    public required string Description { get; init; }

    /// <summary>Where the customer goes when done.</summary>
    public required string SuccessUrl { get; init; }

    /// <summary>Where the customer goes who gives up.</summary>
    public required string CancelUrl { get; init; }

    /// <summary><c>open</c>, <c>challenged</c> (the card wants authentication) or <c>succeeded</c>.</summary>
    public string State { get; set; } = Open;

    /// <summary>Why the last card was refused.</summary>
    public string? Failure { get; set; }

    /// <summary>No payment from then on.</summary>
    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary>True for a page that saves a card.</summary>
    public bool IsSetup => Mode == Setup;

    /// <summary>True once it is paid, or the card is saved.</summary>
    public bool IsDone => State == Succeeded;

    /// <summary>True while the card's holder is asked to authenticate.</summary>
    public bool IsChallenged => State == Challenged;

    /// <summary>What is to be paid.</summary>
    public Money Price
    {
        get
        {
            var currency = Kernel.Currency.Of(Currency);
            return new Money(MinorUnits.Amount(Amount, currency), currency);
        }
    }
}

internal sealed class SandboxMethod
{
    public required string Id { get; init; }

    public required string Reference { get; init; }

    public required string Card { get; init; }

    public required string Last4 { get; init; }

    public bool Forgotten { get; init; }
}

internal sealed class SandboxPayment
{
    public required string Id { get; init; }

    public required string Reference { get; init; }

    public string? SessionId { get; init; }

    public string? MethodId { get; init; }

    public required string Currency { get; init; }

    public required long Amount { get; init; }

    public required long Captured { get; init; }

    public long Refunded { get; set; }

    public long Disputed { get; set; }

    public long Reinstated { get; set; }

    public string? Failure { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>What a refund may still take.</summary>
    public long Left => Captured - Refunded - Disputed + Reinstated;

    /// <summary>As webhooks tell it.</summary>
    /// <param name="refunds">Its refunds; those that the merchant asked for are told.</param>
    public SandboxEventPayment Told(IEnumerable<SandboxRefund> refunds) => new(
        Id, Reference, Currency, Captured, Refunded, Disputed, Failure, Reinstated,
        [.. refunds.Where(refund => refund.Reference is not null).Select(refund => new SandboxEventRefund(refund.Reference!, refund.Amount))]);
}

internal sealed class SandboxRefund
{
    public required string Id { get; init; }

    public string? Reference { get; init; }

    public required string PaymentId { get; init; }

    public required long Amount { get; init; }
}

internal sealed class SandboxSessionConfiguration : IEntityTypeConfiguration<SandboxSession>
{
    public void Configure(EntityTypeBuilder<SandboxSession> builder)
    {
        builder.ToTable("sandbox_sessions").HasKey(session => session.Id);
        builder.Ignore(session => session.IsSetup).Ignore(session => session.IsDone).Ignore(session => session.IsChallenged).Ignore(session => session.Price);
    }
}

internal sealed class SandboxMethodConfiguration : IEntityTypeConfiguration<SandboxMethod>
{
    public void Configure(EntityTypeBuilder<SandboxMethod> builder) => builder.ToTable("sandbox_methods").HasKey(method => method.Id);
}

internal sealed class SandboxPaymentConfiguration : IEntityTypeConfiguration<SandboxPayment>
{
    public void Configure(EntityTypeBuilder<SandboxPayment> builder)
    {
        builder.ToTable("sandbox_payments").HasKey(payment => payment.Id);
        builder.Ignore(payment => payment.Left);
        builder.HasOne<SandboxMethod>().WithMany().HasForeignKey(payment => payment.MethodId);
        builder.HasOne<SandboxSession>().WithMany().HasForeignKey(payment => payment.SessionId);
    }
}

internal sealed class SandboxRefundConfiguration : IEntityTypeConfiguration<SandboxRefund>
{
    public void Configure(EntityTypeBuilder<SandboxRefund> builder)
    {
        builder.ToTable("sandbox_refunds").HasKey(refund => refund.Id);
        builder.HasOne<SandboxPayment>().WithMany().HasForeignKey(refund => refund.PaymentId);
    }
}
