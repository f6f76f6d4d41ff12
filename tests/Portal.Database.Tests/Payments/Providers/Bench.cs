using Portal.Domain.Payments;

namespace Portal.Database.Tests.Payments.Providers;

/// <summary>Cards that customers use on a provider's pages.</summary>
internal enum Card
{
    /// <summary>Pays.</summary>
    Good,

    /// <summary>Is declined for now.</summary>
    Empty,

    /// <summary>Is declined for ever.</summary>
    Stolen,

    /// <summary>Wants its holder.</summary>
    Challenging,
}

/// <summary>A webhook as a provider posts it.</summary>
internal sealed record Delivery(IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public string? Header(string name) => Headers.GetValueOrDefault(name);
}

/// <summary>One provider with all that happens on its side: what the tests of the contract need from each.</summary>
internal interface IBench : IAsyncDisposable
{
    string Key { get; }

    /// <summary>Settings with this provider set up.</summary>
    PaymentSettings Settings { get; }

    /// <summary>A currency that it does not take; null: it takes all.</summary>
    string? Lacks { get; }

    /// <summary>It can be asked what became of a reference; else its webhooks say so.</summary>
    bool CanBeAsked { get; }

    /// <summary>Answers a charge with its outcome; else a webhook tells it.</summary>
    bool AnswersCharges => true;

    /// <summary>Refunds that it was sent.</summary>
    int RefundsSent { get; }

    /// <summary>Charges to saved methods that it was sent.</summary>
    int ChargesSent { get; }

    /// <summary>Payments that took money.</summary>
    int Paid { get; }

    /// <summary>Next time something is asked of it, that goes wrong.</summary>
    void Next(Trouble trouble);

    /// <summary>The page that was made last, whether or not anybody was told of it.</summary>
    string LastPage { get; }

    Task PayAsync(string page, Card card = Card.Good);

    Task LeaveMethodAsync(string page, Card card = Card.Good);

    /// <summary>Somebody pays that nobody here asked; the payment's id.</summary>
    Task<string> StrangerPaysAsync(long cents);

    Task RefundOnOwnPagesAsync(string payment, long cents);

    Task DisputeAsync(string payment, long cents);

    Task DecideAsync(string payment, bool won);

    /// <summary>The payment says from now on that it was made for another reference.</summary>
    Task RelabelAsync(string payment, string reference);

    /// <summary>All webhooks so far, oldest first, signed now or so long ago.</summary>
    Task<IReadOnlyList<Delivery>> WebhooksAsync(TimeSpan age = default);
}
