namespace Portal.Domain.Payments.CheckoutCom;

/// <summary>Checkout.com's response codes in our words (its guide to response codes): 20… may work later, 30… and 40… never do.</summary>
internal static class CheckoutComDeclines
{
    public static string Of(string? responseCode) => responseCode switch
    {
        "20151" or "20152" or "20153" => Declines.AuthenticationFailed,
        "20154" or "20155" => Declines.AuthenticationRequired,
        "20051" => Declines.InsufficientFunds,
        "20054" or "30033" => Declines.Expired,
        "20014" or "20087" or "20001" or "20002" => Declines.InvalidCard,
        "20061" or "20065" or "20068" => Declines.LimitExceeded,
        "20091" or "20096" or "20019" or "20082" => Declines.TryLater,
        "20057" or "20058" or "20062" or "30004" => Declines.NotSupported,
        "20059" or "30034" or "30036" or "30037" => Declines.Fraud,
        { Length: 5 } code when code[0] is '3' or '4' => code[0] == '4' ? Declines.Fraud : Declines.Blocked,
        _ => Declines.Declined,
    };
}
