using Microsoft.EntityFrameworkCore;
using Microsoft.EntityFrameworkCore.Metadata.Builders;
using Portal.Domain.Kernel;

namespace Portal.Domain.Payments;

/// <summary>
/// States of an attempt: <c>started</c> before the call and until its outcome is known, <c>waiting</c> for the customer, and how it ended.
/// </summary>
public static class AttemptState
{
    public const string Started = "started", Waiting = "waiting", Succeeded = "succeeded", Declined = "declined", Failed = "failed";
}

/// <summary>One try to get money from a provider: a row before it is a call.</summary>
public sealed class PaymentAttempt
{
    /// <summary>Whose.</summary>
    public required long TenantId { get; init; }

    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }

    /// <summary>The provider asked.</summary>
    public required string Provider { get; init; }

    /// <summary>What it pays, when that is a checkout.</summary>
    public Guid? CheckoutId { get; init; }

    /// <summary>What it pays otherwise: a public id, of a top-up its checkout's.</summary>
    public string? PaysFor { get; init; }

    /// <summary>The checkout that it pays, on a hosted page or by the saved payment method; null when it pays something else.</summary>
    public Guid? PaidCheckout => CheckoutId ?? (PublicId.TryParse(PublicId.Checkout, PaysFor, out _, out var id) ? id : null);

    /// <summary>What the customer reads of it.</summary>
    public string? Description { get; init; }

    /// <summary>The saved payment method that is charged.</summary>
    public Guid? MethodId { get; init; }

    /// <summary>Currency of the amount.</summary>
    public required string Currency { get; init; }

    /// <summary>What was asked for, in whole minor units.</summary>
    public required decimal Amount { get; init; }

    /// <summary>One of <see cref="AttemptState"/>.</summary>
    public string State { get; set; } = AttemptState.Started;

    /// <summary>What the call made at the provider, such as a session.</summary>
    public string? ProviderObject { get; set; }

    /// <summary>The provider's code for a refusal.</summary>
    public string? Failure { get; set; }

    /// <summary>When the row was written, before the call.</summary>
    public required DateTimeOffset StartedAt { get; init; }

    /// <summary>When the outcome was known.</summary>
    public DateTimeOffset? SettledAt { get; set; }

    /// <summary>The idempotency key sent, and the provider's reference.</summary>
    public string Reference => PublicId.Format(PublicId.Attempt, TenantId, Id);
}

/// <summary>One payment as its provider last told it. Amounts are cumulative and only grow; what they grew by has been booked.</summary>
public sealed class Payment
{
    /// <summary>The tenant under which money is kept that nobody here asked for: the platform itself.</summary>
    public const long NoTenant = 0;

    /// <summary>Whose; <see cref="NoTenant"/> for money of unknown origin.</summary>
    public required long TenantId { get; init; }

    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }

    /// <summary>Who moved the money.</summary>
    public required string Provider { get; init; }

    /// <summary>The provider's id of it, unique per provider.</summary>
    public required string ProviderPayment { get; init; }

    /// <summary>The attempt that led to it, when there was one.</summary>
    public Guid? AttemptId { get; init; }

    /// <summary>The checkout it was made for.</summary>
    public Guid? CheckoutId { get; init; }

    /// <summary>Currency of the amounts.</summary>
    public required string Currency { get; init; }

    /// <summary>Taken from the customer, in all.</summary>
    public decimal Captured { get; set; }

    /// <summary>Given back, in all.</summary>
    public decimal Refunded { get; set; }

    /// <summary>Taken back by disputes, in all.</summary>
    public decimal Disputed { get; set; }

    /// <summary>Of that, what came back with disputes that were won.</summary>
    public decimal Reinstated { get; set; }

    /// <summary>What is left of it with us.</summary>
    public decimal Left => Captured - Refunded - Disputed + Reinstated;

    /// <summary>Its id as the API shows it.</summary>
    public string PublicId => Kernel.PublicId.Format(Kernel.PublicId.Payment, TenantId, Id);

    /// <summary>When we first heard of it.</summary>
    public required DateTimeOffset ReceivedAt { get; init; }
}

internal sealed class PaymentAttemptConfiguration : IEntityTypeConfiguration<PaymentAttempt>
{
    public void Configure(EntityTypeBuilder<PaymentAttempt> builder)
    {
        builder.ToTable("payment_attempts").HasKey(attempt => new { attempt.TenantId, attempt.Id });
        builder.Ignore(attempt => attempt.Reference).Ignore(attempt => attempt.PaidCheckout);
        builder.HasOne<Checkout>().WithMany().HasForeignKey(attempt => new { attempt.TenantId, attempt.CheckoutId });
    }
}

internal sealed class PaymentConfiguration : IEntityTypeConfiguration<Payment>
{
    public void Configure(EntityTypeBuilder<Payment> builder)
    {
        builder.ToTable("payments").HasKey(payment => new { payment.TenantId, payment.Id });
        builder.Ignore(payment => payment.Left).Ignore(payment => payment.PublicId);
        builder.HasOne<PaymentAttempt>().WithMany().HasForeignKey(payment => new { payment.TenantId, payment.AttemptId });
        builder.HasOne<Checkout>().WithMany().HasForeignKey(payment => new { payment.TenantId, payment.CheckoutId });
    }
}
