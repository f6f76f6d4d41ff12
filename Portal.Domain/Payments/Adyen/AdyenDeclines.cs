namespace Portal.Domain.Payments.Adyen;

/// <summary>Adyen's words for refusals in ours (docs.adyen.com, refusal reasons): the code of an answer, or the reason of a webhook.</summary>
internal static class AdyenDeclines
{
    public static string Of(string? codeOrReason) => codeOrReason?.Split(':', 2)[0].Trim().ToUpperInvariant() switch
    {
        "4" or "ACQUIRER ERROR" or "9" or "ISSUER UNAVAILABLE" or "21" or "NOT SUBMITTED" => Declines.TryLater,
        "5" or "BLOCKED CARD" or "25" or "RESTRICTED CARD" or "26" or "REVOCATION OF AUTH" => Declines.Blocked,
        "6" or "EXPIRED CARD" => Declines.Expired,
        "8" or "INVALID CARD NUMBER" => Declines.InvalidCard,
        "10" or "NOT SUPPORTED" or "23" or "TRANSACTION NOT PERMITTED" => Declines.NotSupported,
        "11" or "3D NOT AUTHENTICATED" or "42" => Declines.AuthenticationFailed,
        "12" or "NOT ENOUGH BALANCE" => Declines.InsufficientFunds,
        "14" or "ACQUIRER FRAUD" or "20" or "FRAUD" or "22" or "FRAUD-CANCELLED" or "31" or "ISSUER SUSPECTED FRAUD" => Declines.Fraud,
        "15" or "CANCELLED" or "16" or "SHOPPER CANCELLED" => Declines.Cancelled,
        "28" or "WITHDRAWAL AMOUNT EXCEEDED" or "29" or "WITHDRAWAL COUNT EXCEEDED" => Declines.LimitExceeded,
        "38" or "AUTHENTICATION REQUIRED" => Declines.AuthenticationRequired,
        _ => Declines.Declined,
    };
}
