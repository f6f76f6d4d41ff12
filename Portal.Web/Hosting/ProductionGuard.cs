using Portal.Domain.Data;

namespace Portal.Web.Hosting;

/// <summary>Keeps what is made for trying out from being run with real money.</summary>
public static class ProductionGuard
{
    private static readonly string[] Guessable = ["change", "example", "demo", "sandbox", "password", "12345"];

    /// <summary>Refuses sandbox, seed and guessable secrets in production, unless <c>Portal:AllowSandboxInProduction</c>.</summary>
    /// <exception cref="CannotStartException">Names the setting.</exception>
    public static void Check(IConfiguration configuration, IHostEnvironment environment)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (!environment.IsProduction() || configuration.GetValue("Portal:AllowSandboxInProduction", false)) return;

        if (configuration.GetValue("Portal:Sandbox", false)) throw Refuse("Portal__Sandbox is true");
        if (configuration["Portal:Seed"] is { Length: > 0 } seed && seed != "none") throw Refuse($"Portal__Seed is {seed}");
        foreach (var (key, value) in configuration.AsEnumerable())
        {
            if (IsSecret(key) && value is { Length: > 0 } && IsGuessable(value)) throw Refuse($"{key.Replace(":", "__", StringComparison.Ordinal)} is easily guessed");
        }
    }

    private static CannotStartException Refuse(string what) =>
        new($"In production {what}. Change it, or set Portal__AllowSandboxInProduction=true if this is no production.");

    private static bool IsSecret(string key) =>
        key.StartsWith("Portal:", StringComparison.OrdinalIgnoreCase)
        && (key.EndsWith("Key", StringComparison.OrdinalIgnoreCase)
            || key.EndsWith("Secret", StringComparison.OrdinalIgnoreCase)
            || key.EndsWith("Password", StringComparison.OrdinalIgnoreCase));

    private static bool IsGuessable(string value) =>
        value.Length < 20 || Guessable.Any(word => value.Contains(word, StringComparison.OrdinalIgnoreCase));
}
