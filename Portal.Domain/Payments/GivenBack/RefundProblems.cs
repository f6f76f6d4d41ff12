using Portal.Domain.Kernel;

namespace Portal.Domain.Payments.GivenBack;

/// <summary>Why a refund is refused.</summary>
internal static class RefundProblems
{
    public static Problem NothingPaid => Problem.Unprocessable("nothing_to_refund", "Nothing was paid for these credits.");

    public static Problem BoughtElsewhere => Problem.Unprocessable(
        "not_refundable", "Another tenant bought these credits before it was merged into this one: its payment is not here.");

    public static Problem NothingLeft => Problem.Unprocessable(
        "nothing_to_refund", "There is nothing to refund: the credits were used, expired, are held or were given back, or the money was.");

    public static Problem Exceeds(decimal credits, decimal amount) =>
        Problem.Unprocessable("refund_exceeds", "More was asked than is unspent and not held, or than is left of the payment.") with
        {
            Extensions = new Dictionary<string, object?>(StringComparer.Ordinal) { ["available_credits"] = credits, ["available_amount"] = amount },
        };
}
