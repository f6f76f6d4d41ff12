using Microsoft.Extensions.Configuration;

namespace Portal.Domain.Notifications;

/// <summary>Section <c>Mail</c> of the settings.</summary>
public static class MailSettings
{
    /// <summary>The SMTP server of <c>Mail:Smtp</c>; where none is named, the folder <c>mail</c> under <c>Portal:DataDirectory</c>.</summary>
    public static IMailTransport Transport(IConfiguration configuration, TimeProvider time)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        var from = configuration["Mail:From"] is { Length: > 0 } given ? given : "Portal <portal@localhost>";
        if (configuration["Mail:Smtp:Host"] is not { Length: > 0 } host)
            return new PickupFolder(Path.Combine(configuration["Portal:DataDirectory"] ?? ".data", "mail"), from, time);
        var port = configuration.GetValue("Mail:Smtp:Port", 587);
        var user = configuration["Mail:Smtp:User"] is { Length: > 0 } name ? name : null;
        return new SmtpTransport(host, port, user, configuration["Mail:Smtp:Password"], from);
    }
}
