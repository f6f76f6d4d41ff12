namespace Portal.Bench;

/// <summary>Words of a command line: options written <c>--name value</c> or <c>--flag</c>, and the rest in order.</summary>
internal sealed class Arguments
{
    private readonly Dictionary<string, string> options = new(StringComparer.Ordinal);
    private readonly List<string> words = [];

    public Arguments(IReadOnlyList<string> args)
    {
        for (var i = 0; i < args.Count; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal)) words.Add(args[i]);
            else if (args[i].IndexOf('=', StringComparison.Ordinal) is > 0 and var equals) options[args[i][2..equals]] = args[i][(equals + 1)..];
            else if (i + 1 < args.Count && !args[i + 1].StartsWith("--", StringComparison.Ordinal)) options[args[i][2..]] = args[++i];
            else options[args[i][2..]] = "";
        }
    }

    /// <summary>What is no option, in order.</summary>
    public IReadOnlyList<string> Words => words;

    /// <summary>True when the option was given, with or without a value.</summary>
    public bool Has(string name) => options.ContainsKey(name);

    /// <summary>The value of an option, or null.</summary>
    public string? this[string name] => options.GetValueOrDefault(name) is { Length: > 0 } value ? value : null;

    /// <summary>The first option that is none of <paramref name="known"/>, or null.</summary>
    public string? Unknown(params string[] known) => options.Keys.FirstOrDefault(name => !known.Contains(name, StringComparer.Ordinal));
}
