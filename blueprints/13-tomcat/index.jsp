<%@ page contentType="text/plain; charset=utf-8" %>hello from tomcat on <%= java.net.InetAddress.getLocalHost().getHostName() %>
