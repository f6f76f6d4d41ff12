namespace Portal.Web.Components.TenantPages;

/// <summary>A pool as it is typed.</summary>
public sealed class PoolForm
{
    /// <summary>True when a pool is changed rather than opened.</summary>
    public bool Exists { get; init; }

    /// <summary>False for the shared pool.</summary>
    public bool MayOverflow { get; init; } = true;

    /// <summary>Its key.</summary>
    public string Key { get; set; } = "";

    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary><c>shared</c>, <c>team</c> or <c>member</c>.</summary>
    public string Kind { get; set; } = "team";

    /// <summary>Draws from the shared pool when it is empty.</summary>
    public bool Overflows { get; set; }

    /// <summary>A key made of a name: its letters and digits, in small, joined by hyphens; empty when it has none.</summary>
    public static string KeyOf(string name)
    {
        ArgumentNullException.ThrowIfNull(name);
        var letters = name.ToLowerInvariant().Select(letter => letter is (>= 'a' and <= 'z') or (>= '0' and <= '9') ? letter : ' ').ToArray();
        var key = string.Join('-', new string(letters).Split(' ', StringSplitOptions.RemoveEmptyEntries));
        return key.Length > Domain.Kernel.Slug.MaxLength ? key[..Domain.Kernel.Slug.MaxLength].TrimEnd('-') : key;
    }
}

/// <summary>A team or a consumer as it is typed.</summary>
public sealed class UserOfPoolsForm
{
    /// <summary>True when it is changed rather than made.</summary>
    public bool Exists { get; init; }

    /// <summary>Its key.</summary>
    public string Key { get; set; } = "";

    /// <summary>Its name.</summary>
    public string Name { get; set; } = "";

    /// <summary>Key of its pool; empty for none of its own.</summary>
    public string Pool { get; set; } = "";

    /// <summary>Key of a consumer's team; empty for none.</summary>
    public string Team { get; set; } = "";
}
