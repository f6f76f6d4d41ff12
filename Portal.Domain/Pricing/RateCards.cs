namespace Portal.Domain.Pricing;

/// <summary>Names of rate cards that mean something to the engine.</summary>
public static class RateCards
{
    /// <summary>The platform's card: what no contract or plan matches falls through to it.</summary>
    public const string Default = "default";
}
