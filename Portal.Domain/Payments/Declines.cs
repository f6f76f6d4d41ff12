using Portal.Domain.Kernel;

namespace Portal.Domain.Payments;

/// <summary>What a refusal of a charge means for the next try.</summary>
public enum DeclineKind
{
    /// <summary>May succeed later with the same method: not enough funds, an issuer that does not answer.</summary>
    Soft,

    /// <summary>Never succeeds with this method: lost, stolen, expired, closed.</summary>
    Hard,

    /// <summary>Wants the customer to prove who they are, who is not there.</summary>
    AuthenticationRequired,
}

/// <summary>Why charges are refused, in words that do not depend on who refused. Adapters translate into these.</summary>
public static class Declines
{
    /// <summary>A saved payment method that the provider has let go of.</summary>
    public static Problem MethodGone => Problem.Unprocessable(UnknownMethod, "The payment method is no longer there.");

    /// <summary>The codes.</summary>
    public const string Declined = "card_declined", InsufficientFunds = "insufficient_funds", TryLater = "try_again_later", LimitExceeded = "limit_exceeded",
        AuthenticationRequired = "authentication_required", AuthenticationFailed = "authentication_failed", Expired = "expired_card",
        Blocked = "card_blocked", InvalidCard = "invalid_card", NotSupported = "card_not_supported", Fraud = "fraud_suspected", Cancelled = "cancelled",
        UnknownMethod = "unknown_method";

    /// <summary>What a code means; one that nobody knows is <see cref="DeclineKind.Soft"/>, so that it is tried again and never lost.</summary>
    public static DeclineKind KindOf(string failure) => failure switch
    {
        AuthenticationRequired => DeclineKind.AuthenticationRequired,
        Expired or Blocked or InvalidCard or NotSupported or Fraud or UnknownMethod => DeclineKind.Hard,
        _ => DeclineKind.Soft,
    };
}
