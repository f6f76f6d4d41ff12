namespace Portal.Domain.Kernel;

/// <summary>Keys that the platform chooses and paths carry: 1 to 64 of a-z, 0-9, <c>.</c>, <c>_</c>, <c>-</c>, the ends letters or digits.</summary>
public static class Slug
{
    /// <summary>Greatest length.</summary>
    public const int MaxLength = 64;

    /// <summary>True for a well-formed key.</summary>
    public static bool IsValid(string? key)
    {
        if (key is null || key.Length is 0 or > MaxLength || !IsEnd(key[0]) || !IsEnd(key[^1])) return false;
        foreach (var letter in key)
        {
            if (!IsEnd(letter) && letter is not ('.' or '_' or '-')) return false;
        }

        return true;
    }

    /// <summary>The problem of a key that is not well-formed; null for one that is.</summary>
    public static Problem? Check(string field, string? key) => IsValid(key)
        ? null
        : Problem.Field(field, "invalid_key", $"{field} must be 1 to {MaxLength} characters of a-z, 0-9, '.', '_' and '-', beginning and ending with a letter or digit.");

    private static bool IsEnd(char letter) => letter is (>= 'a' and <= 'z') or (>= '0' and <= '9');
}
