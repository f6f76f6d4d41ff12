using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Portal.Domain.Kernel;

namespace Portal.Domain.Metering.Meters;

/// <summary>
/// The scalar properties of one event's data, by name. Made once and cleared between events; of a name added twice the last value holds.
/// Not safe for concurrent callers.
/// </summary>
public sealed class EventProperties
{
    private Entry[] entries = new Entry[16];

    private enum Kind : byte
    {
        Text,
        Number,
        Flag,
        Composite,
    }

    /// <summary>Number of properties.</summary>
    public int Count { get; private set; }

    /// <summary>Names of the properties, in the order added.</summary>
    public IEnumerable<string> Names
    {
        get
        {
            for (var i = 0; i < Count; i++) yield return entries[i].Name;
        }
    }

    /// <summary>Adds a text.</summary>
    public void Add(string name, string text) => Slot(name) = new Entry(name, Kind.Text, text, 0m);

    /// <summary>Adds a number.</summary>
    public void Add(string name, decimal number) => Slot(name) = new Entry(name, Kind.Number, null, number);

    /// <summary>Adds a truth value.</summary>
    public void Add(string name, bool flag) => Slot(name) = new Entry(name, Kind.Flag, flag ? "true" : "false", 0m);

    /// <summary>Notes a property that is no scalar, or a number outside the range of decimals: present, but neither number nor text.</summary>
    public void AddComposite(string name) => Slot(name) = new Entry(name, Kind.Composite, null, 0m);

    /// <summary>True when the property is there, whatever it is.</summary>
    public bool Contains(string name) => IndexOf(name) >= 0;

    /// <summary>The property as a number: a number, or a text that is one. False when it is absent or anything else.</summary>
    public bool TryGetNumber(string name, out decimal value)
    {
        value = 0m;
        var index = IndexOf(name);
        if (index < 0) return false;
        ref readonly var entry = ref entries[index];
        value = entry.Number;
        return entry.Kind == Kind.Number
            || (entry.Kind == Kind.Text && decimal.TryParse(entry.Text, DecimalText.Style, CultureInfo.InvariantCulture, out value));
    }

    /// <summary>The property as a text: a text, a number in its shortest decimal form, <c>true</c> or <c>false</c>. False when it is absent or no scalar.</summary>
    public bool TryGetText(string name, [NotNullWhen(true)] out string? value)
    {
        value = null;
        var index = IndexOf(name);
        if (index < 0) return false;
        ref readonly var entry = ref entries[index];
        value = entry.Kind == Kind.Number ? entry.Number.ToString("0.############################", CultureInfo.InvariantCulture) : entry.Text;
        return value is not null;
    }

    /// <summary>Forgets all properties.</summary>
    public void Clear()
    {
        Array.Clear(entries, 0, Count);
        Count = 0;
    }

    private ref Entry Slot(string name)
    {
        var index = IndexOf(name);
        if (index >= 0) return ref entries[index];
        if (Count == entries.Length) Array.Resize(ref entries, Count * 2);
        return ref entries[Count++];
    }

    private int IndexOf(string name)
    {
        for (var i = 0; i < Count; i++)
        {
            if (entries[i].Name == name) return i;
        }

        return -1;
    }

    private readonly record struct Entry(string Name, Kind Kind, string? Text, decimal Number);
}
