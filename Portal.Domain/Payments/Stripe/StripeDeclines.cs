using Stripe;

namespace Portal.Domain.Payments.Stripe;

/// <summary>Stripe's words for refusals in ours (docs.stripe.com/declines/codes).</summary>
internal static class StripeDeclines
{
    /// <summary>The failure that an error tells of. What its advice says of trying again goes before its code.</summary>
    public static string Of(StripeError? error) => Of(error?.DeclineCode, error?.Code, error?.AdviceCode);

    private static string Of(string? declineCode, string? code, string? advice) => (declineCode ?? code) switch
    {
        "authentication_required" => Declines.AuthenticationRequired,
        "payment_intent_authentication_failure" or "setup_intent_authentication_failure" => Declines.AuthenticationFailed,
        "expired_card" => Declines.Expired,
        "lost_card" or "stolen_card" or "pickup_card" or "restricted_card" or "revocation_of_all_authorizations" or "revocation_of_authorization"
            or "stop_payment_order" or "no_action_taken" => Declines.Blocked,
        "fraudulent" or "merchant_blacklist" or "security_violation" => Declines.Fraud,
        "incorrect_number" or "invalid_number" or "invalid_account" or "invalid_expiry_month" or "invalid_expiry_year" or "new_account_information_available"
            => Declines.InvalidCard,
        "card_not_supported" or "currency_not_supported" or "transaction_not_allowed" or "service_not_allowed" or "not_permitted" => Declines.NotSupported,
        _ when advice == "do_not_try_again" => Declines.Blocked,
        "insufficient_funds" => Declines.InsufficientFunds,
        "card_velocity_exceeded" or "withdrawal_count_limit_exceeded" => Declines.LimitExceeded,
        "issuer_not_available" or "processing_error" or "reenter_transaction" or "try_again_later" or "approve_with_id" => Declines.TryLater,
        _ => Declines.Declined,
    };
}
