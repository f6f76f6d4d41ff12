using System.Globalization;
using MailKit.Net.Smtp;
using MailKit.Security;
using MimeKit;

namespace Portal.Domain.Notifications;

/// <summary>One mail to one address.</summary>
/// <param name="To">The address.</param>
/// <param name="Subject">The subject, one line.</param>
/// <param name="Text">The body as plain text.</param>
/// <param name="Html">The body as HTML, of which <paramref name="Text"/> says the same.</param>
public sealed record Mail(string To, string Subject, string Text, string Html)
{
    /// <summary>A PDF that comes with it; null for none.</summary>
    public MailAttachment? Attachment { get; init; }

    /// <summary>The message as it goes out.</summary>
    public MimeMessage ToMessage(string from)
    {
        var message = new MimeMessage();
        message.From.Add(MailboxAddress.Parse(from));
        message.To.Add(MailboxAddress.Parse(To));
        message.Subject = Subject;
        var body = new BodyBuilder { TextBody = Text, HtmlBody = Html };
        if (Attachment is { } attachment) body.Attachments.Add(attachment.Name, attachment.Content.ToArray(), new ContentType("application", "pdf"));
        message.Body = body.ToMessageBody();
        return message;
    }
}

/// <summary>A PDF that comes with a mail.</summary>
/// <param name="Name">Its file name.</param>
/// <param name="Content">Its bytes.</param>
public sealed record MailAttachment(string Name, ReadOnlyMemory<byte> Content);

/// <summary>How mail leaves.</summary>
public interface IMailTransport
{
    /// <summary>True when mail is only written to a folder: pages then show the links that it holds.</summary>
    bool IsPickupFolder { get; }

    /// <summary>Hands a mail over; throws when that failed, so that the caller tries again.</summary>
    Task SendAsync(Mail mail, CancellationToken cancellationToken = default);
}

/// <summary>Hands mail to an SMTP server.</summary>
/// <param name="Host">Its host.</param>
/// <param name="Port">Its port; 587 with STARTTLS is usual.</param>
/// <param name="User">User name; null: without signing in.</param>
/// <param name="Password">Password.</param>
/// <param name="From">The sender's address.</param>
public sealed record SmtpTransport(string Host, int Port, string? User, string? Password, string From) : IMailTransport
{
    /// <inheritdoc />
    public bool IsPickupFolder => false;

    /// <inheritdoc />
    public async Task SendAsync(Mail mail, CancellationToken cancellationToken = default)
    {
        using var client = new SmtpClient();
        await client.ConnectAsync(Host, Port, SecureSocketOptions.StartTlsWhenAvailable, cancellationToken);
        if (User is not null) await client.AuthenticateAsync(User, Password ?? "", cancellationToken);
        using var message = mail.ToMessage(From);
        await client.SendAsync(message, cancellationToken);
        await client.DisconnectAsync(quit: true, cancellationToken);
    }
}

/// <summary>Writes mail as <c>.eml</c> files into a folder, for development.</summary>
/// <param name="Folder">The folder; made when missing.</param>
/// <param name="From">The sender's address.</param>
/// <param name="Clock">Names the files.</param>
public sealed record PickupFolder(string Folder, string From, TimeProvider Clock) : IMailTransport
{
    /// <inheritdoc />
    public bool IsPickupFolder => true;

    /// <inheritdoc />
    public async Task SendAsync(Mail mail, CancellationToken cancellationToken = default)
    {
        Directory.CreateDirectory(Folder);
        var name = string.Create(CultureInfo.InvariantCulture, $"{Clock.GetUtcNow():yyyyMMdd'T'HHmmssfff}-{Guid.NewGuid():N}.eml");
        using var message = mail.ToMessage(From);
        await message.WriteToAsync(Path.Combine(Folder, name), cancellationToken);
    }
}
