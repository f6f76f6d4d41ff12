using Portal.Domain.Kernel;

namespace Portal.Database.Tests.Properties;

/// <summary>One thing that somebody does to a tenant, on the engine and on the model. Amounts that depend on the state are settled when it runs.</summary>
internal abstract record Command(int Tenant)
{
    /// <summary>Does it on the engine.</summary>
    public abstract Task<Step> RunAsync(Scene scene);

    protected static string[]? ProductsOf(int kind) => kind switch { 1 => ["text"], 2 => ["image"], 3 => ["text", "image"], _ => null };

    protected static string For(string[]? products) => products is null ? "" : $" for {string.Join('+', products)}";

    protected static string Span(int seconds) => seconds % 86_400 == 0 ? $"{seconds / 86_400} d" : TimeSpan.FromSeconds(seconds).ToString();
}

/// <summary>What a command did on the engine, and how to do it on the model.</summary>
/// <param name="Sentence">What was done, for people.</param>
/// <param name="Found">What the engine answered.</param>
/// <param name="Refused">True when it changed nothing, not even what was due.</param>
/// <param name="OnModel">Does it on the model at that instant and answers what the engine should have.</param>
internal sealed record Step(string Sentence, string Found, bool Refused, Func<DateTimeOffset, string> OnModel)
{
    public static Step Of<T>(string sentence, Result<T> result, Func<DateTimeOffset, string> onModel, Func<T, string>? text = null) =>
        new(sentence, result.Problem is { } problem ? problem.Code : text?.Invoke(result.Value) ?? "ok", !result.Succeeded, onModel);
}

/// <summary>One tenant of a sequence: the engine's and the model's.</summary>
internal sealed class Scene(PropertyWorld world, long id, string key, PlainWallet model)
{
    public PropertyWorld World => world;

    public long Id => id;

    public string Key => key;

    public PlainWallet Model => model;

    /// <summary>Business time when last looked at, in whole seconds: what commands count from.</summary>
    public DateTimeOffset Clock { get; set; }

    /// <summary>posted_at of the last thing posted.</summary>
    public DateTimeOffset LastPosted { get; set; }

    public override string ToString() => key;
}
