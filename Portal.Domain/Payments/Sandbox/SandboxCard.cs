namespace Portal.Domain.Payments.Sandbox;

/// <summary>What a test card does.</summary>
public enum SandboxCard
{
    /// <summary>Pays.</summary>
    Accepted,

    /// <summary>Is declined.</summary>
    Declined,

    /// <summary>Pays after its holder has proved to be the holder; cannot be charged while the holder is away.</summary>
    Challenged,
}

/// <summary>The three test cards. No other number is taken, and none is ever written down: not in a row, a log or a trace.</summary>
public static class SandboxCards
{
    /// <summary>The numbers, in the order in which they are offered.</summary>
    public static readonly IReadOnlyList<(SandboxCard Card, string Number, string Does)> All =
    [
        (SandboxCard.Accepted, "4242424242424242", "Payment succeeds"),
        (SandboxCard.Declined, "4000000000000002", "Card is declined"),
        (SandboxCard.Challenged, "4000002500003155", "Asks for authentication"),
    ];

    /// <summary>The test card of a number, spaces and dashes ignored; null for any other.</summary>
    public static SandboxCard? Find(string? number)
    {
        if (number is null || number.Length > 40) return null;
        var digits = number.Replace(" ", "", StringComparison.Ordinal).Replace("-", "", StringComparison.Ordinal);
        foreach (var card in All)
        {
            if (card.Number == digits) return card.Card;
        }

        return null;
    }

    /// <summary>The last four digits.</summary>
    public static string Last4(SandboxCard card) => All.First(known => known.Card == card).Number[^4..];
}
